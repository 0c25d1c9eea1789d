//! The points table as SQL, for scoring inside a database.
//!
//! One expression a column, `CASE WHEN … THEN points … END`, summed with the base points: the exact points, or the whole
//! ones. A bin is chosen as [`Bins::assign`](crate::scoring::binning::Bins::assign) does: NULL is missing, then special values, then ranges by
//! their lower ends from the top, or levels by name; what no line names is unseen. Numbers are compared as the scorecard has
//! them, through `shown` as the file has them. Derived columns stand under their own names: the query's author computes them.

use super::points::Points;
use super::table::Shown;
use crate::scoring::binning::Place;
use std::fmt::Write;

/// A query that gives `score` for each row of `table`; `id` is selected beside it where it is not empty.
pub fn query(points: &Points<'_>, table: &str, id: &str, whole: bool, shown: Shown<'_>) -> String {
    let number = |v: f64| if whole { format!("{}", libm::round(v) as i64) } else { format!("{v:?}") };
    let mut out = String::from("SELECT\n");
    if !id.is_empty() {
        let _ = writeln!(out, "  {},", name(id));
    }
    let _ = write!(out, "  {}", number(points.base()));
    for c in points.columns() {
        let column = name(&c.card.column.name);
        let same = |v: f32| format!("{column} = {}", shown(&c.card.column.name, v));
        // Texts that are listed; a level that is not has no text.
        let among = |levels: &mut dyn Iterator<Item = u32>| {
            let texts = levels.filter_map(|l| c.card.column.levels.get(l as usize));
            let texts: Vec<String> = texts.map(|l| format!("'{}'", l.replace('\'', "''"))).collect();
            (!texts.is_empty()).then(|| format!("{column} IN ({})", texts.join(", ")))
        };
        let mut lines = Vec::new();
        let mut otherwise = None;
        let bins: Vec<_> = c.card.bins.iter().zip(&c.points).collect();
        for (bin, points) in &bins {
            match &bin.place {
                Place::Missing => lines.push((0, format!("{column} IS NULL"), **points)),
                Place::Special(v) => lines.push((1, same(*v), **points)),
                _ => {}
            }
        }
        // Ranges from the top: the first lower end that is reached.
        for (bin, points) in bins.iter().rev() {
            match &bin.place {
                Place::Range { from: Some(from), .. } => {
                    lines.push((2, format!("{column} >= {}", shown(&c.card.column.name, *from)), **points));
                }
                Place::Levels(levels) => {
                    lines.extend(among(&mut levels.iter().copied()).map(|w| (2, w, **points)));
                    if levels.contains(&(c.card.column.levels.len() as u32)) {
                        otherwise = Some(**points);
                    }
                }
                Place::Unseen => {
                    let seen =
                        |l: &u32| bins.iter().any(|(b, _)| matches!(&b.place, Place::Levels(s) if s.contains(l)));
                    let mut unseen = (0..c.card.column.levels.len() as u32).filter(|l| !seen(l));
                    lines.extend(among(&mut unseen).map(|w| (2, w, **points)));
                    otherwise = otherwise.or(Some(**points));
                }
                Place::Range { from: None, .. } => otherwise = Some(**points),
                _ => {}
            }
        }
        lines.sort_by_key(|l| l.0);
        out.push_str("\n  + CASE");
        for (_, when, points) in lines {
            let _ = write!(out, "\n      WHEN {when} THEN {}", number(points));
        }
        let _ = write!(out, "\n      ELSE {} END", number(otherwise.unwrap_or(0.0)));
    }
    let _ = write!(out, "\n  AS score\nFROM {}\n", name(table));
    out
}

fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
