//! The externality: what the histories of those who share say about those who do not.
//!
//! *Threat model.* The lender holds the bureau file of everybody, the raw histories of those who share, and knows who lives in
//! whose community and district. From sharers it learns how a number (the share of bills paid late) goes with a person's bureau
//! file and with the same number of other sharers nearby, and applies that to persons who said no. None of their records is in
//! the release: no consent form and no ε of theirs bounds this.
//!
//! ```text
//! guess           ŷ = a + b·bureau + c·m_community + d·m_district                least squares over the sharers
//! explained       1 − Σ(y − ŷ)²/Σ(y − ȳ)²                                        over the non-sharers
//! ```
//!
//! with m what sharers nearby say of the person. The district's mean leaves the person's own community out, so that `nearness=community` and `nearness=district` tell how far
//! the reach is. `quality_explained` is the squared correlation of the guess with the latent quality: peers can say at most
//! ρ_c + ρ_d of it, and `.baseline` is the bureau file alone.
//!
//! Rows come from raw arms in which somebody shares and somebody does not. Limits: linear; one number; communities are the only
//! friends there are.

use super::nearby::Nearby;
use super::regress::{Line, explained, squared_correlation};
use super::scene::column;
use super::{Measured, Scene};
use crate::disclosure::Disclosure;
use crate::error::Result;
use crate::evaluate::Emit;
use crate::params::any;
use std::sync::Arc;

crate::params! {
    /// Inference about those who do not share.
    pub struct NonsharerParams {
        /// The number that is guessed, of the columns that need consent; empty: the share of bills paid late, or the table's first
        /// column.
        pub column: String = String::new(), "", any(), "the feature that says most of repayment";
    }
}

/// Fewest sharers to learn from, and non-sharers to be wrong about.
const FEWEST: usize = 30;

/// Adds `attack.nonsharer.explained` and `attack.nonsharer.quality_explained`.
pub fn measure(params: &NonsharerParams, scene: &Scene<'_>, emit: &mut Emit) -> Result<()> {
    if !matches!(scene.disclosure, Disclosure::Raw) {
        return Ok(());
    }
    let Some(j) = column(&params.column, &scene.people.platform, "attack.nonsharer.column", "late_share")? else {
        return Ok(());
    };
    let shares = &scene.choices.shares;
    let of = |wanted: bool| -> Vec<usize> { (0..shares.len()).filter(|i| shares[*i] == wanted).collect() };
    let (sharers, others) = (of(true), of(false));
    if sharers.len() < FEWEST || others.len() < FEWEST {
        return Ok(());
    }
    let y: Vec<f64> =
        scene.people.platform.column(j).iter().map(|x| f64::from(if x.is_nan() { 0.0 } else { *x })).collect();
    let nearby = Nearby::of(scene.people, &y, shares);
    let (known, truth): (Vec<f64>, Vec<f64>) =
        (sharers.iter().map(|i| y[*i]).collect(), others.iter().map(|i| y[*i]).collect());
    let quality: Vec<f64> = others.iter().map(|i| f64::from(scene.people.quality[*i])).collect();
    let guess = |peers: &[&[f64]]| -> Result<(f64, f64)> {
        let of = |people: &[usize]| -> Vec<Vec<f64>> {
            let bureau = (0..scene.people.bureau.width()).map(|c| {
                let column = scene.people.bureau.column(c);
                people.iter().map(|i| if column[*i].is_nan() { 0.0 } else { f64::from(column[*i]) }).collect()
            });
            bureau.chain(peers.iter().map(|p| people.iter().map(|i| p[*i]).collect())).collect()
        };
        let guess = Line::fit(&of(&sharers), &known)?.all(&of(&others), others.len());
        Ok((explained(&guess, &truth), squared_correlation(&guess, &quality)))
    };
    let alone = guess(&[])?;
    let near: [(&str, &[&[f64]]); 3] = [
        ("all", &[&nearby.community, &nearby.district]),
        ("nearness=community", &[&nearby.community]),
        ("nearness=district", &[&nearby.district]),
    ];
    for (group, peers) in near {
        let with = guess(peers)?;
        let group = Arc::from(group);
        let mut add = |statistic: &str, attack, baseline| {
            let measured = Measured { attack, baseline, control: f64::NAN };
            measured.add_to("nonsharer", statistic, &group, emit);
        };
        add("explained", with.0, alone.0);
        add("quality_explained", with.1, alone.1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::test_world::{emit, value, world};
    use super::*;
    use crate::consent::{Form, FormParams, TickBox};

    fn learned(community: f64) -> (f64, f64) {
        let form = Form::Shown(FormParams { r#box: TickBox::Active, ..FormParams::default() });
        let world = world(12_800, community, 0.0, &form);
        let mut out = emit();
        measure(&NonsharerParams::default(), &world.scene(&Disclosure::Raw, None, &[]), &mut out).unwrap();
        let of = |name: &str| value(&out.rows, name);
        (of("attack.nonsharer.quality_explained"), of("attack.nonsharer.quality_explained.baseline"))
    }

    /// About 7,800 non-sharers: the standard error of a correlation is .011, of what two useless columns add to its square some
    /// .001; .01 is far beyond (α < 1e-6). With ρ_c = .4 neighbours explain more than .1.
    #[test]
    fn neighbours_speak_only_where_they_resemble_each_other() {
        let (with, without) = learned(0.0);
        assert!((with - without).abs() < 0.01, "{with} {without}");
        let (with, without) = learned(0.4);
        assert!(with - without > 0.1, "{with} {without}");
    }

    #[test]
    fn without_non_sharers_or_sharers_there_is_nothing_to_learn() {
        for form in [Form::Mandatory, Form::Nobody] {
            let world = world(640, 0.1, 0.1, &form);
            let mut out = emit();
            measure(&NonsharerParams::default(), &world.scene(&Disclosure::Raw, None, &[]), &mut out).unwrap();
            assert!(out.rows.is_empty());
        }
    }
}
