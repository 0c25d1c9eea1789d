//! From records to checked columns. A row is taken whole or not at all.

use super::cells::Cells;
use super::fields::Code;
use super::layout::{Layout, Missing};
use super::map::TableKeys;
use super::plan::Plan;
use super::ranges::expand;
use super::wanted::{Value, Wanted};
use crate::error::{Error, Result};
use crate::population::FileDepth;
use csv::ByteRecord;
use std::collections::BTreeMap;

/// What else can be done about a malformed row: nothing in a release, which leaves nobody out.
pub(super) const SKIPPING: &str = "; --skip-bad-rows counts them and goes on";

/// Most groups that are taken from the data when the map names none.
const MOST_CODES: usize = 12;
/// Malformed rows that are quoted.
const QUOTED: usize = 5;

/// What is wrong with a row.
struct Bad {
    column: String,
    message: String,
}

/// Rows that were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub rows: u64,
    /// The first few, with line, column and value.
    pub first: Vec<String>,
}

impl Skipped {
    fn note(&mut self, line: u64, bad: &Bad) {
        self.rows += 1;
        if self.first.len() < QUOTED {
            self.first.push(format!("line {line}: {}: {}", bad.column, bad.message));
        }
    }
}

/// What is read of one person.
pub(super) struct Person {
    pub default: bool,
    /// Text of the id; empty where the map names none.
    pub id: String,
    /// Number of the group's code, by first appearance.
    pub group: u8,
    pub decile: u8,
    pub file: FileDepth,
    pub cohort: u32,
    /// Place of the row in the file, from 0, malformed rows counted.
    pub row: u32,
}

/// Takes records one by one.
pub(super) struct Builder<'a> {
    file: &'a str,
    keys: &'a TableKeys,
    plan: &'a Plan,
    skip_bad_rows: bool,
    /// Whether a field that cannot be read has a public default, so that no row is malformed.
    pub defaults: bool,
    layout: Option<Layout>,
    /// A header without the mapped columns: the next line may be the real one.
    refused: Option<(u64, Missing)>,
    header_line: u64,
    ids: BTreeMap<String, u64>,
    first_bad: Option<Error>,
    /// Values of the row at hand, and whether each was moved into its bounds.
    scratch: Vec<Value>,
    scratch_moved: Vec<bool>,
    scratch_cells: Vec<(u32, bool)>,
    scratch_payments: Vec<f64>,
    /// The persons.
    pub persons: Vec<Person>,
    /// One vector a feature, in the plan's order.
    pub features: Vec<Vec<f32>>,
    /// Monthly payments as they stand in the file, person after person; NaN where missing.
    pub payments: Vec<f64>,
    /// Codes of the groups by first appearance.
    pub codes: Vec<Code>,
    /// Values clamped to the public bounds and levels that are not listed, one count a feature.
    pub moved: Vec<u64>,
    /// Values outside the cells of the cohort key, one count a part.
    pub outside: Vec<u64>,
    /// Rows left out.
    pub skipped: Skipped,
    /// Rows with defaults.
    pub defaulted: Skipped,
}

/// What becomes of a field that cannot be read: a default, or its row is malformed.
struct Lenient {
    on: bool,
    first: Option<Bad>,
}

impl Lenient {
    fn or<T>(&mut self, read: std::result::Result<T, Bad>, default: impl FnOnce() -> T) -> std::result::Result<T, Bad> {
        match read {
            Err(bad) if self.on => {
                self.first.get_or_insert(bad);
                Ok(default())
            }
            read => read,
        }
    }
}

impl<'a> Builder<'a> {
    pub fn new(file: &'a str, keys: &'a TableKeys, plan: &'a Plan, skip_bad_rows: bool) -> Self {
        let features = plan.features.len();
        Self {
            file,
            keys,
            plan,
            skip_bad_rows,
            defaults: false,
            layout: None,
            refused: None,
            header_line: keys.header_line,
            ids: BTreeMap::new(),
            first_bad: None,
            scratch: Vec::with_capacity(features),
            scratch_moved: Vec::with_capacity(features),
            scratch_cells: Vec::new(),
            scratch_payments: vec![f64::NAN; plan.payments.len()],
            persons: Vec::new(),
            features: vec![Vec::new(); features],
            payments: Vec::new(),
            codes: plan.groups.iter().map(|(code, _)| code.clone()).collect(),
            moved: vec![0; features],
            outside: vec![0; plan.cells.parts().len()],
            skipped: Skipped::default(),
            defaulted: Skipped::default(),
        }
    }

    fn error(&self, line: u64, column: &str, message: impl Into<String>) -> Error {
        Error::Data { file: self.file.to_owned(), line, column: column.to_owned(), message: message.into() }
    }

    /// Takes the header, then rows.
    pub fn take(&mut self, line: u64, record: &ByteRecord) -> Result<()> {
        if self.layout.is_none() && !self.keys.columns.is_empty() {
            self.name_columns()?;
        }
        let Some(layout) = self.layout.take() else { return self.header(line, record) };
        let read = self.person(&layout, line, record);
        self.layout = Some(layout);
        match read? {
            Ok(person) => self.push(person),
            Err(bad) => self.leave_out(line, &bad),
        }
        Ok(())
    }

    /// The header of a file that has none.
    fn name_columns(&mut self) -> Result<()> {
        let mut names = ByteRecord::new();
        for text in &self.keys.columns {
            // A text that is no range was refused with the map.
            expand(text).unwrap_or_default().iter().for_each(|name| names.push_field(name.as_bytes()));
        }
        let found = Layout::find(&names, self.keys, self.plan);
        self.layout = Some(found.map_err(|missing| self.error(self.header_line, &missing.column, missing.message))?);
        Ok(())
    }

    fn header(&mut self, line: u64, record: &ByteRecord) -> Result<()> {
        let found = Layout::find(record, self.keys, self.plan);
        if let Some((first, missing)) = self.refused.take() {
            let hint = if found.is_ok() {
                format!("\n  line {line} has every mapped column: set histories.source.table.header_line = {line}")
            } else {
                String::new()
            };
            return Err(self.error(first, &missing.column, missing.message + &hint));
        }
        match found {
            Ok(layout) => {
                self.layout = Some(layout);
                self.header_line = line;
            }
            Err(missing) => self.refused = Some((line, missing)),
        }
        Ok(())
    }

    /// One person, or what is wrong with the row; the outer error stops the reading.
    fn person(&mut self, layout: &Layout, line: u64, record: &ByteRecord) -> Result<std::result::Result<Person, Bad>> {
        let read = self.checked(layout, line, record);
        if self.codes.len() > MOST_CODES.max(self.plan.groups.len()) {
            let message =
                format!("more than {MOST_CODES} groups: name those that matter in histories.source.table.group.names");
            return Err(self.error(line, &self.keys.group.0.column, message));
        }
        Ok(read)
    }

    fn checked(&mut self, layout: &Layout, line: u64, record: &ByteRecord) -> std::result::Result<Person, Bad> {
        let mut lenient = Lenient { on: self.defaults, first: None };
        let nothing;
        let mut record = record;
        if record.len() != layout.names.len() {
            let open = if record.iter().any(|f| f.contains(&b'\n')) { "; is a quote left open?" } else { "" };
            let message = format!("{} fields, the header has {}{open}", record.len(), layout.names.len());
            lenient.or(Err(Bad { column: "(row)".into(), message }), || ())?;
            nothing = ByteRecord::from(vec![""; layout.names.len()]);
            record = &nothing;
        }
        let row = Row { layout, record };
        let default = lenient.or(self.outcome(&row, layout.outcome), || false)?;
        self.scratch.clear();
        self.scratch_moved.clear();
        let mut fields = layout.features.iter();
        for (i, wanted) in self.plan.features.iter().enumerate() {
            let value = match &wanted.recipe {
                Some(recipe) => recipe.value(&self.scratch),
                None => {
                    lenient.or(row.value(fields.next().copied().unwrap_or_default(), wanted), || wanted.unreadable())?
                }
            };
            if let Some(month) = self.plan.payments.iter().position(|p| *p == i) {
                self.scratch_payments[month] = value.amount();
            }
            let (value, moved) = wanted.bounded(value);
            self.scratch.push(value);
            self.scratch_moved.push(moved);
        }
        self.scratch_cells.clear();
        for (part, &field) in self.plan.cells.parts().iter().zip(&layout.cohort) {
            let place = |text| Cells::place(part, text).ok_or_else(|| row.bad(field, "is not a finite number"));
            let cell = lenient.or(row.text(field).and_then(place), || Cells::unreadable(part))?;
            self.scratch_cells.push(cell);
        }
        let decile = match layout.income {
            Some(field) => {
                let income = row.number(field)?;
                1 + self.keys.income.cuts.iter().filter(|c| income >= **c).count() as u8
            }
            None => 0,
        };
        let file = match layout.file {
            Some(field) => {
                let code = row.code(field)?;
                match (self.keys.file.none.contains(&code), self.keys.file.thin.contains(&code)) {
                    (true, _) => FileDepth::None,
                    (_, true) => FileDepth::Thin,
                    _ => FileDepth::Thick,
                }
            }
            None => FileDepth::Thick,
        };
        let id = layout.id.map_or(Ok(String::new()), |field| row.text(field).map(str::to_owned));
        let id = lenient.or(id, String::new)?;
        if let (Some(field), Some(earlier)) = (layout.id, self.ids.get(&id)) {
            return Err(row.bad(field, &format!("is the id of line {earlier} as well")));
        }
        // Last, so that a malformed row never adds a group.
        let group = match layout.group {
            Some(field) => self.group(&row, field)?,
            None => 0,
        };
        if layout.id.is_some() && !id.is_empty() {
            self.ids.insert(id.clone(), line);
        }
        if let Some(bad) = &lenient.first {
            self.defaulted.note(line, bad);
        }
        let cohort = self.plan.cells.combine(self.scratch_cells.iter().map(|c| c.0));
        let row = self.persons.len() as u32 + self.skipped.rows as u32;
        Ok(Person { default, id, group, decile, file, cohort, row })
    }

    fn outcome(&self, row: &Row<'_>, field: usize) -> std::result::Result<bool, Bad> {
        let code = row.code(field)?;
        if self.keys.defaulted.contains(&code) {
            return Ok(true);
        }
        if self.keys.paid.contains(&code) {
            return Ok(false);
        }
        let all = |codes: &[Code]| codes.iter().map(Code::text).collect::<Vec<_>>().join(" or ");
        let (bad, good) = (all(&self.keys.defaulted), all(&self.keys.paid));
        Err(row.bad(field, &format!("is not an outcome: {bad} = default, {good} = paid")))
    }

    fn group(&mut self, row: &Row<'_>, field: usize) -> std::result::Result<u8, Bad> {
        let code = row.code(field)?;
        if let Some(i) = self.codes.iter().position(|c| *c == code) {
            return Ok(i as u8);
        }
        if self.plan.groups.is_empty() {
            self.codes.push(code);
            return Ok(self.codes.len() as u8 - 1);
        }
        let known: Vec<&str> = self.codes.iter().map(Code::text).collect();
        Err(row.bad(field, &format!("is not a group; the map names {}", known.join(", "))))
    }

    /// The row in `scratch` counts.
    fn push(&mut self, person: Person) {
        let read = self.scratch.iter().zip(&self.scratch_moved).zip(&self.plan.features);
        for (j, ((value, moved), wanted)) in read.enumerate() {
            self.moved[j] += u64::from(*moved);
            self.features[j].push(wanted.encoded(*value));
        }
        for (count, cell) in self.outside.iter_mut().zip(&self.scratch_cells) {
            *count += u64::from(cell.1);
        }
        self.payments.extend(&self.scratch_payments);
        self.persons.push(person);
    }

    fn leave_out(&mut self, line: u64, bad: &Bad) {
        self.skipped.note(line, bad);
        if self.first_bad.is_none() {
            self.first_bad = Some(self.error(line, &bad.column, &bad.message));
        }
    }

    /// Checks the whole; what is left are persons.
    pub fn finish(mut self) -> Result<Self> {
        if let Some((line, missing)) = self.refused.take() {
            return Err(self.error(line, &missing.column, missing.message));
        }
        if self.layout.is_none() {
            return Err(self.error(self.header_line, "(header)", "the file has no header: it is empty up to here"));
        }
        if let (Some(Error::Data { file, line, column, message }), false) = (&self.first_bad, self.skip_bad_rows) {
            let more = match self.skipped.rows {
                1 => String::new(),
                n => format!("; {n} rows are malformed in all"),
            };
            let message = format!("{message}\n  (the first malformed row{more}{SKIPPING})");
            return Err(Error::Data { file: file.clone(), line: *line, column: column.clone(), message });
        }
        if self.persons.is_empty() {
            return Err(match self.first_bad.take() {
                Some(Error::Data { file, line, column, message }) => {
                    let message =
                        format!("{message}\n  (all {} rows are malformed, this is the first)", self.skipped.rows);
                    Error::Data { file, line, column, message }
                }
                _ => self.error(self.header_line, "(rows)", "the file has a header and no rows"),
            });
        }
        if self.persons.len() > u32::MAX as usize {
            return Err(self.error(self.header_line, "(rows)", "more than 4,294,967,295 rows"));
        }
        Ok(self)
    }

    /// Checks that there are persons who defaulted and persons who paid.
    pub fn both_outcomes(self) -> Result<Self> {
        let outcome = self.layout.as_ref().map_or(String::new(), |l| l.name(l.outcome).to_owned());
        let defaults = self.persons.iter().filter(|p| p.default).count();
        if defaults == 0 || defaults == self.persons.len() {
            let value = u8::from(defaults > 0);
            let message = format!(
                "all {} outcomes are {value}: a score needs persons who defaulted and persons who paid",
                self.persons.len()
            );
            return Err(self.error(self.header_line, &outcome, message));
        }
        Ok(self)
    }
}

/// A record with the names of its fields.
struct Row<'a> {
    layout: &'a Layout,
    record: &'a ByteRecord,
}

impl<'a> Row<'a> {
    fn text(&self, field: usize) -> std::result::Result<&'a str, Bad> {
        let bytes = self.record.get(field).unwrap_or_default();
        let message = match std::str::from_utf8(bytes) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim()),
            Ok(_) => "the field is empty".to_owned(),
            Err(_) => format!("{:?} is not UTF-8", String::from_utf8_lossy(bytes)),
        };
        Err(Bad { column: self.layout.name(field).to_owned(), message })
    }

    fn code(&self, field: usize) -> std::result::Result<Code, Bad> {
        self.text(field).map(Code::new)
    }

    /// What a field says of a feature.
    fn value(&self, field: usize, wanted: &Wanted) -> std::result::Result<Value, Bad> {
        let text = String::from_utf8_lossy(self.record.get(field).unwrap_or_default());
        let text = text.trim();
        if !wanted.absent.is_empty() && wanted.absent.contains(&Code::new(text)) {
            return Ok(Value::Missing);
        }
        let hinted = |mut bad: Bad| {
            if wanted.absent.is_empty() && ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?", "."].contains(&text) {
                let list = if text.is_empty() { "true".to_owned() } else { format!("[{text:?}]") };
                bad.message.push_str("; if that means missing, say missing = ");
                bad.message.push_str(&list);
                bad.message.push_str(" in its feature");
            }
            bad
        };
        if wanted.levels.is_empty() {
            let x = self.number(field).map_err(hinted)?;
            return Ok(if wanted.special.contains(&x) { Value::Special(x) } else { Value::Quantity(x) });
        }
        let code = self.code(field).map_err(hinted)?;
        let level = wanted.levels.iter().position(|l| *l == code);
        Ok(Value::Level(level.unwrap_or(wanted.levels.len())))
    }

    fn number(&self, field: usize) -> std::result::Result<f64, Bad> {
        let text = self.text(field)?;
        match text.parse::<f64>() {
            Ok(v) if v.is_finite() => Ok(v),
            Ok(_) => Err(self.bad(field, "is not a finite number")),
            Err(_) => Err(self.bad(field, "is not a number")),
        }
    }

    /// "VALUE is …".
    fn bad(&self, field: usize, what: &str) -> Bad {
        let value = String::from_utf8_lossy(self.record.get(field).unwrap_or_default());
        let mut quoted: String = value.chars().take(40).collect();
        if quoted.len() < value.len() {
            quoted.push('…');
        }
        Bad { column: self.layout.name(field).to_owned(), message: format!("{quoted:?} {what}") }
    }
}
