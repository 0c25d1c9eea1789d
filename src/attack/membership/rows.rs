//! The rows of one attack.

use super::{Field, Outcome, PerPerson};
use crate::attack::Measured;
use crate::evaluate::Emit;
use std::sync::Arc;

/// False-positive rates at which hits are counted.
const RATES: [f64; 2] = [0.001, 0.01];

impl Field {
    /// Adds the rows of one attack from its scores of the pool and of the controls.
    pub(super) fn add(&self, name: &str, pool: &[f64], control: &[f64], emit: &mut Emit) {
        let (attack, nothing) = (Outcome::of(pool, &self.pool), Outcome::of(control, &self.control));
        let measured =
            |baseline, f: &dyn Fn(&Outcome) -> f64| Measured { attack: f(&attack), baseline, control: f(&nothing) };
        let add = |statistic: &str, (lo, hi): (f64, f64), emit: &mut Emit| {
            for (end, value) in [("lo", lo), ("hi", hi)] {
                emit.add(&format!("attack.{name}.{statistic}.{end}"), &Arc::from("all"), value);
            }
        };
        measured(0.5, &|o| o.auc).add(name, "auc", emit);
        add("auc", attack.auc_interval(), emit);
        let own = PerPerson::of(pool, &self.pool);
        let none = PerPerson::of(control, &self.control);
        Measured { attack: own.auc, baseline: 0.5, control: none.auc }.add(name, "auc_person", emit);
        add("auc_person", own.interval(), emit);
        measured(0.0, &|o| o.advantage).add(name, "advantage", emit);
        let accuracy = measured(0.5, &|o| o.accuracy);
        accuracy.add(name, "accuracy", emit);
        accuracy.add_risk(name, emit);
        for fpr in RATES {
            match (attack.at(fpr), nothing.at(fpr)) {
                (Ok(found), Ok(none)) => {
                    let statistic = format!("tpr_at_{fpr}");
                    Measured { attack: found.value, baseline: fpr, control: none.value }.add(name, &statistic, emit);
                    add(&statistic, (found.lo, found.hi), emit);
                }
                (Err((have, need)), _) | (_, Err((have, need))) => emit.note(format!(
                    "attack.membership: no true-positive rate at {fpr}: it takes {need} scores of non-members, there are {have}, one a person and shadow model that they are not in; raise attack.membership.members or .shadows, or attack more persons"
                )),
            }
        }
    }
}
