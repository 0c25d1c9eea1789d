//! Monthly histories as a table, one row a person-month, streamed: `pretick generate`.
//!
//! | columns | meaning |
//! |---|---|
//! | person, community, district, month | who and when; months from 0, the decision comes after the last |
//! | file, group, income_decile | who the person is |
//! | bureau_state, utilisation | 0 … 3 = current, 30, 60, 90+ days past due; share of the credit line; empty without an account |
//! | payments, spend, spend_* | number of payments, their sum and its split by category, yuan |
//! | bills_due, bills_late | bills of the month |
//! | truth_* | what no lender sees: liquidity stress, quality, PD, outcome, whether the person asks for a loan |
//!
//! Persons are simulated and encoded in batches of [`BATCH_ROWS`] rows, side by side on all threads, by the function that
//! every run simulates with ([`simulate_block`]); batches are written in order while the next ones are made. At most
//! 2·[`WAVE`] batches live at a time, so that memory does not depend on the number of persons, and the bytes do not
//! depend on the number of threads.

mod columnar;
mod text;

use crate::error::{Error, Result};
use crate::experiment::Observer;
use crate::population::lanes::LANES;
use crate::population::platform::CATEGORIES;
use crate::population::{Model, MonthRow, PanelSink, simulate_block};
use crate::rng::Streams;
use rayon::prelude::*;
use std::io::Write;
use std::path::Path;

/// Rows in a batch, at most, where a person has fewer.
pub const BATCH_ROWS: usize = 49_152;
/// Batches made at a time, at most.
pub const WAVE: usize = 6;

/// Names of the groups of a synthetic population.
pub const GROUPS: [&str; 2] = ["majority", "protected"];
/// Names of the depths of a bureau file.
pub const FILES: [&str; 3] = ["none", "thin", "thick"];

/// File format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated text; numbers are the shortest text that reads back to the same bits.
    Csv,
    /// Parquet, Snappy, a row group a batch.
    Parquet,
}

impl Format {
    /// By the file's ending.
    pub fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(Error::Other(format!("{}: the file must end in .csv or .parquet", path.display()))),
        }
    }
}

/// What is written.
pub struct Histories<'a> {
    /// The world.
    pub model: &'a Model,
    /// Streams of the replication.
    pub streams: Streams,
    /// Persons `0 .. persons`.
    pub persons: u64,
    /// Key–value pairs of the Parquet footer.
    pub metadata: &'a [(&'a str, String)],
}

/// Writes all histories in order; gives the number of rows. `path` says the format, and names the file in errors.
///
/// Errors: those of `out`, more than 2³² communities, and [`Error::Interrupted`] if the observer says so.
pub fn write(out: impl Write + Send, path: &Path, what: &Histories<'_>, observer: &dyn Observer) -> Result<u64> {
    let format = Format::of(path)?;
    if what.model.community(what.persons.saturating_sub(1)) > u64::from(u32::MAX) {
        let allowed = "at most 2^32 communities";
        return Err(Error::Range { what: "population.persons", value: what.persons as f64, allowed });
    }
    let fields = Field::all();
    let failed = |e| Error::io("write", path)(e);
    match format {
        Format::Csv => {
            let mut out = out;
            out.write_all(text::head(&fields).as_bytes()).map_err(failed)?;
            let put = |bytes: Vec<u8>| out.write_all(&bytes).map_err(failed);
            waves(what, observer, |batch| Ok(text::encode(batch, &fields)), put)?;
        }
        Format::Parquet => {
            let layout = columnar::Layout::new(&fields, what.metadata).map_err(failed)?;
            let mut file = layout.file(out).map_err(failed)?;
            let put = |group: columnar::Group| group.put(&mut file).map_err(failed);
            waves(what, observer, |batch| layout.encode(batch, &fields).map_err(failed), put)?;
            columnar::close(file).map_err(failed)?;
        }
    }
    Ok(what.persons * what.model.months() as u64)
}

/// Makes a wave of batches while the one before is written.
fn waves<E: Send>(
    what: &Histories<'_>,
    observer: &dyn Observer,
    encode: impl Fn(&Batch) -> Result<E> + Sync,
    mut put: impl FnMut(E) -> Result<()> + Send,
) -> Result<()> {
    let size = batch_persons(what.model.months());
    let batches = what.persons.div_ceil(size);
    let wave = rayon::current_num_threads().clamp(1, WAVE) as u64;
    let mut ready: Vec<E> = Vec::new();
    let mut next = 0;
    while next < batches || !ready.is_empty() {
        if observer.cancelled() {
            return Err(Error::Interrupted);
        }
        let end = (next + wave).min(batches);
        let make = |b: u64| encode(&Batch::simulate(what, b * size, size.min(what.persons - b * size) as usize));
        let before = std::mem::take(&mut ready);
        let (done, made) = rayon::join(
            || before.into_iter().try_for_each(&mut put),
            || (next..end).into_par_iter().map(make).collect::<Result<Vec<E>>>(),
        );
        done?;
        ready = made?;
        observer.progress((next * size).min(what.persons) as usize, what.persons as usize);
        next = end;
    }
    Ok(())
}

/// Persons of a batch: whole blocks of lanes, at least one.
fn batch_persons(months: usize) -> u64 {
    ((BATCH_ROWS / months.max(1) / LANES).max(1) * LANES) as u64
}

/// What does not change from month to month.
#[derive(Clone, Copy, Debug)]
struct Person {
    community: u32,
    district: u32,
    file: &'static str,
    group: &'static str,
    decile: u8,
    quality: f32,
    pd: f32,
    default: bool,
    applicant: bool,
}

/// Consecutive persons with their months, person after person.
struct Batch {
    months: usize,
    persons: Vec<Person>,
    rows: Vec<MonthRow>,
}

impl Batch {
    fn simulate(what: &Histories<'_>, first: u64, persons: usize) -> Self {
        let model = what.model;
        let months = model.months();
        let mut batch =
            Self { months, persons: Vec::with_capacity(persons), rows: Vec::with_capacity(persons * months) };
        for start in (0..persons).step_by(LANES) {
            let mut sink = PanelSink::default();
            let block = simulate_block(model, what.streams, first + start as u64, &mut sink);
            for lane in 0..LANES.min(persons - start) {
                let id = first + (start + lane) as u64;
                batch.persons.push(Person {
                    community: model.community(id) as u32,
                    district: model.district(id) as u32,
                    file: FILES[(block.person.file[lane] as usize).min(2)],
                    group: GROUPS[usize::from(block.person.protected[lane] > 0.5)],
                    decile: block.person.decile[lane] as u8,
                    quality: block.person.quality[lane],
                    pd: block.pd[lane],
                    default: block.default[lane],
                    applicant: block.applicant[lane],
                });
                batch.rows.extend(sink.rows(id, lane));
            }
        }
        batch
    }

    fn rows(&self) -> impl Iterator<Item = (&Person, &MonthRow)> {
        self.persons.iter().zip(self.rows.chunks(self.months.max(1))).flat_map(|(p, m)| m.iter().map(move |r| (p, r)))
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Person,
    Community,
    District,
    Month,
    File,
    Group,
    Decile,
    State,
    Utilisation,
    Payments,
    Spend,
    Category(usize),
    Due,
    Late,
    Liquidity,
    Quality,
    Pd,
    Default,
    Applicant,
}

/// A value, by its type.
#[derive(Clone, Copy, Debug)]
enum Value {
    /// At most this many bits.
    Whole(u8, u64),
    MaybeByte(Option<u8>),
    Real(f32),
    MaybeReal(Option<f32>),
    Word(&'static str),
    Flag(bool),
}

impl Field {
    fn all() -> Vec<Self> {
        use Field::{
            Applicant, Category, Community, Decile, Default, District, Due, File, Group, Late, Liquidity, Month,
            Payments, Pd, Person, Quality, Spend, State, Utilisation,
        };
        let before = [Person, Community, District, Month, File, Group, Decile, State, Utilisation, Payments, Spend];
        let after = [Due, Late, Liquidity, Quality, Pd, Default, Applicant];
        before.into_iter().chain((0..CATEGORIES.len()).map(Category)).chain(after).collect()
    }

    fn name(self) -> String {
        let name = match self {
            Self::Person => "person",
            Self::Community => "community",
            Self::District => "district",
            Self::Month => "month",
            Self::File => "file",
            Self::Group => "group",
            Self::Decile => "income_decile",
            Self::State => "bureau_state",
            Self::Utilisation => "utilisation",
            Self::Payments => "payments",
            Self::Spend => "spend",
            Self::Category(k) => return format!("spend_{}", CATEGORIES[k].0),
            Self::Due => "bills_due",
            Self::Late => "bills_late",
            Self::Liquidity => "truth_liquidity",
            Self::Quality => "truth_quality",
            Self::Pd => "truth_pd",
            Self::Default => "truth_default",
            Self::Applicant => "truth_applicant",
        };
        name.to_owned()
    }

    fn value(self, p: &Person, m: &MonthRow) -> Value {
        match self {
            Self::Person => Value::Whole(64, m.person),
            Self::Community => Value::Whole(32, u64::from(p.community)),
            Self::District => Value::Whole(32, u64::from(p.district)),
            Self::Month => Value::Whole(16, u64::from(m.month)),
            Self::File => Value::Word(p.file),
            Self::Group => Value::Word(p.group),
            Self::Decile => Value::Whole(8, u64::from(p.decile)),
            Self::State => Value::MaybeByte(m.state),
            Self::Utilisation => Value::MaybeReal(m.state.map(|_| m.utilisation)),
            Self::Payments => Value::Whole(32, u64::from(m.payments)),
            Self::Spend => Value::Real(m.spend),
            Self::Category(k) => Value::Real(m.categories[k]),
            Self::Due => Value::Whole(8, u64::from(m.due)),
            Self::Late => Value::Whole(8, u64::from(m.late)),
            Self::Liquidity => Value::Real(m.liquidity),
            Self::Quality => Value::Real(p.quality),
            Self::Pd => Value::Real(p.pd),
            Self::Default => Value::Flag(p.default),
            Self::Applicant => Value::Flag(p.applicant),
        }
    }
}

/// A month of nobody.
const fn no_month() -> MonthRow {
    MonthRow {
        person: 0,
        month: 0,
        liquidity: 0.0,
        state: None,
        utilisation: 0.0,
        payments: 0,
        spend: 0.0,
        categories: [0.0; CATEGORIES.len()],
        due: 0,
        late: 0,
    }
}
