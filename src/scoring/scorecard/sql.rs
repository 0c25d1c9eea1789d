//! The points table as SQL, for scoring inside a database.
//!
//! One expression a column, `CASE WHEN … THEN points … END`, summed with the base points and clamped to the scale: the exact
//! points, or the whole ones. A bin is chosen as [`Bins::assign`](crate::scoring::binning::Bins::assign) does: NULL is missing, then special values, then ranges by
//! their lower ends from the top, or levels by name; what no line names is unseen. A level that is a whole number may
//! be written with a decimal: 2 or 2.0. The columns come from an [`Input`], which computes the derived ones; every name stands
//! behind an alias, so that a column that does not exist is an error in every database.

use super::points::Points;
use super::table::Shown;
use crate::scoring::binning::Place;
use std::fmt::Write;

/// Where the columns of a query come from.
pub struct Input<'a> {
    /// Comments and common table expressions that stand before the query; may be empty.
    pub with: &'a str,
    /// Table, or last of the expressions: missing values are NULL, quantities and codes are numbers, levels are texts.
    pub relation: &'a str,
    /// The column that is selected beside the score; empty: none.
    pub id: &'a str,
    /// The column that is 1 where a row cannot be scored; empty: none.
    pub no_score: &'a str,
    /// The least number that reaches a cut point.
    pub least: Shown<'a>,
    /// A special value as a number.
    pub code: Shown<'a>,
}

/// A query that gives `score` for each row.
pub fn query(points: &Points<'_>, input: &Input<'_>, whole: bool) -> String {
    let number = |v: f64| if whole { format!("{}", libm::round(v) as i64) } else { format!("{v:?}") };
    let of =
        |alias: &str, column: &str| if column.is_empty() { None } else { Some(format!("{alias}.{}", name(column))) };
    let [lowest, highest] = [f64::INFINITY, f64::NEG_INFINITY].map(|eta| number(points.scale().score_of_log_odds(eta)));
    let refused = of("s", input.no_score).map_or_else(String::new, |c| format!("WHEN {c} = 1 THEN NULL "));
    let mut out = input.with.to_owned() + "SELECT ";
    if let Some(id) = of("s", input.id) {
        let _ = write!(out, "{id}, ");
    }
    let _ = write!(
        out,
        "CASE {refused}WHEN s.points < {lowest} THEN {lowest} WHEN s.points > {highest} THEN {highest} \
         ELSE s.points END AS score\nFROM (SELECT "
    );
    for column in [input.id, input.no_score] {
        if let Some(c) = of("p", column) {
            let _ = write!(out, "{c} AS {}, ", name(column));
        }
    }
    let _ = write!(out, "\n  {}", number(points.base()));
    for c in points.columns() {
        let column = format!("p.{}", name(&c.card.column.name));
        let same = |v: f32| format!("{column} = {}", (input.code)(&c.card.column.name, v));
        // Texts that are listed; a level that is not has no text.
        let among = |levels: &mut dyn Iterator<Item = u32>| {
            let texts = levels.filter_map(|l| c.card.column.levels.get(l as usize)).flat_map(|l| {
                let decimal = l.parse::<i64>().is_ok().then(|| format!("{l}.0"));
                std::iter::once(l.clone()).chain(decimal)
            });
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
                    lines.push((2, format!("{column} >= {}", (input.least)(&c.card.column.name, *from)), **points));
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
    let _ = write!(out, "\n  AS points FROM {} AS p) AS s\n", name(input.relation));
    out
}

fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
