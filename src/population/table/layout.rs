//! Where the mapped columns stand in a file's header.

use super::map::TableKeys;
use super::plan::Plan;
use crate::document::suggest;
use csv::ByteRecord;

/// Field numbers of the mapped columns.
#[derive(Debug)]
pub(super) struct Layout {
    /// Names of all columns of the file.
    pub names: Vec<String>,
    pub outcome: usize,
    pub id: Option<usize>,
    pub group: Option<usize>,
    pub income: Option<usize>,
    pub file: Option<usize>,
    pub cohort: Vec<usize>,
    /// Features that are read from the file: bureau, then platform.
    pub features: Vec<usize>,
}

/// A column that cannot be found.
#[derive(Debug)]
pub(super) struct Missing {
    pub column: String,
    pub message: String,
}

impl Layout {
    /// Finds every mapped column once.
    pub fn find(header: &ByteRecord, keys: &TableKeys, plan: &Plan) -> Result<Self, Missing> {
        let names: Vec<String> = header.iter().map(|f| String::from_utf8_lossy(f).trim().to_owned()).collect();
        let mut absent: Vec<(String, &str)> = Vec::new();
        let mut twice = None;
        let mut mapped: Vec<&str> = Vec::new();
        let mut find = |name: &str, key: &'static str| {
            let mut at = names.iter().enumerate().filter(|(_, n)| *n == name).map(|(i, _)| i);
            let first = at.next();
            mapped.extend(first.and_then(|i| names.get(i)).map(String::as_str));
            if first.is_none() && !absent.iter().any(|(n, _)| n == name) {
                absent.push((name.to_owned(), key));
            }
            if at.next().is_some() {
                twice.get_or_insert_with(|| name.to_owned());
            }
            first.unwrap_or(0)
        };
        let outcome = keys.outcome.iter().find(|o| names.contains(o)).or(keys.outcome.first());
        let outcome = find(outcome.map_or("", String::as_str), "outcome");
        let mut optional = |name: &str, key| if name.is_empty() { None } else { Some(find(name, key)) };
        let id = optional(&keys.id, "id");
        let group = optional(&keys.group.0.column, "group");
        let income = optional(&keys.income.column, "income");
        let file = optional(&keys.file.column, "file");
        let cohort = plan.cells.parts().iter().map(|p| find(p.column(), "cohort")).collect();
        let key = |consent| if consent { "needs_consent" } else { "lender_sees" };
        let read = plan.features.iter().filter(|w| w.recipe.is_none());
        let features = read.map(|w| find(&w.name, key(w.consent))).collect();
        if let Some(column) = twice {
            return Err(Missing { column, message: "the header has this column twice".into() });
        }
        if !absent.is_empty() {
            let free =
                names.iter().map(String::as_str).filter(|n| !n.is_empty() && !mapped.contains(n)).collect::<Vec<_>>();
            return Err(missing(&absent, &names, &free, keys));
        }
        Ok(Self { names, outcome, id, group, income, file, cohort, features })
    }

    /// Name of a field.
    pub fn name(&self, field: usize) -> &str {
        self.names.get(field).map_or("", String::as_str)
    }
}

/// `free`: columns of the file that the map does not use.
fn missing(absent: &[(String, &str)], names: &[String], free: &[&str], keys: &TableKeys) -> Missing {
    let (column, key) = &absent[0];
    let mut message = format!("histories.source.table.{key} names this column, the file does not have it");
    if *key == "outcome" && keys.outcome.len() > 1 {
        message = format!("{message} (nor {})", keys.outcome[1..].join(", "));
    }
    if let Some(help) = suggest(column, free.iter().copied()) {
        message = format!("{message}; {help}");
    } else if let ([only], Some(found)) = (names, [';', '\t', '|', ','].iter().find(|d| names[0].contains(**d))) {
        if keys.delimiter.as_bytes() != [*found as u8] {
            message = format!(
                "{message}; the header is one field of {} characters: is the delimiter {found:?}? Set histories.source.table.delimiter",
                only.chars().count()
            );
        }
    } else {
        let known: Vec<&str> = names.iter().take(30).map(String::as_str).collect();
        let more = if names.len() > 30 { ", …" } else { "" };
        message = format!("{message}; its columns are {}{more}", known.join(", "));
    }
    if absent.len() > 1 {
        let others: Vec<&str> = absent[1..].iter().take(10).map(|(n, _)| n.as_str()).collect();
        message = format!("{message}\n  missing as well: {}", others.join(", "));
        if absent.len() > 11 {
            message = format!("{message} and {} more", absent.len() - 11);
        }
    }
    Missing { column: column.clone(), message }
}
