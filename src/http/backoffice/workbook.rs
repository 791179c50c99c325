//! Reports as a file for spreadsheets: one sheet for each table, amounts as numbers, times as times,
//! and everything else as text, whatever it looks like.
//!
//! This module defines the content; `xlsx` and `ods` write it. Rows go to unnamed files beside
//! the database, so memory does not grow with the report.

use std::io;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::ledgers::{Field, LEDGERS, WIDTH, columns, number, values, zoned};
use crate::till::{Entry, Error, Report, ReportWriter, Spool};
use taler::amount::Amount;
use taler::currency::CurrencySpecification;
use ui::locale::Locale;
use ui::money;

/// Rows of one sheet, its heading included: no format has more. What is beyond goes to another
/// sheet of the same ledger.
const MAX_ROWS: u32 = 1_048_576;
/// Longest text of one cell, in UTF-16 units: XLSX has no more.
const MAX_TEXT: usize = 32_767;
/// Most digits that a spreadsheet keeps of a number; a longer one would be rounded without a word.
const MAX_DIGITS: usize = 15;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing.
    Empty,
    /// A text, at most [`MAX_TEXT`] long.
    Text(String),
    /// A number: its digits with a dot before the decimals, and how many decimals are shown.
    Number {
        /// Exactly as the books have it.
        digits: String,
        /// At most 8.
        decimals: usize,
    },
    /// What a clock shows.
    Time(DateTime),
}

/// A file for spreadsheets that is being written.
pub(super) trait SheetFile: Send + 'static {
    /// Prepares for rows; what is put aside is put beside the file of `spool`.
    fn begin(&mut self, spool: &Spool) -> io::Result<()>;

    /// Begins a sheet; what is added from now on belongs to it.
    fn add_sheet(&mut self, name: &str, columns: [&str; WIDTH]) -> io::Result<()>;

    /// Adds a row to the sheet.
    fn add_row(&mut self, cells: [Cell; WIDTH]) -> io::Result<()>;

    /// Writes the file.
    fn finish(&mut self, out: &mut (dyn io::Write + Send)) -> io::Result<()>;
}

/// Whether this is a column of times.
pub(super) fn is_time(column: &str) -> bool {
    column.ends_with("_at")
}

/// Writes ledgers as sheets.
pub(super) struct WorkbookWriter<F> {
    ledgers: Vec<Report>,
    zone: TimeZone,
    currencies: Vec<CurrencySpecification>,
    file: F,
    sheet: Sheet,
}

/// The sheet that rows are added to.
#[derive(Default)]
struct Sheet {
    /// Whose it is.
    ledger: Option<Report>,
    /// How many of this ledger there are.
    of_ledger: usize,
    /// Rows in it.
    rows: u32,
}

impl<F: SheetFile> WorkbookWriter<F> {
    /// For `ledgers`, with times as the clock in `zone` shows them.
    pub(super) fn new(
        ledgers: &[Report],
        zone: TimeZone,
        currencies: Vec<CurrencySpecification>,
        file: F,
    ) -> Self {
        Self { ledgers: ledgers.to_vec(), zone, currencies, file, sheet: Sheet::default() }
    }

    /// Begins a sheet of `ledger`.
    fn add_sheet(&mut self, ledger: Report) -> io::Result<()> {
        let again = self.sheet.ledger == Some(ledger);
        let of_ledger = if again { self.sheet.of_ledger.saturating_add(1) } else { 1 };
        let name = LEDGERS.iter().find(|row| row.1 == ledger).map_or("", |row| row.0);
        let name = match of_ledger {
            1 => name.to_owned(),
            number => format!("{name} {number}"),
        };
        self.file.add_sheet(&name, columns(ledger))?;
        self.sheet = Sheet { ledger: Some(ledger), of_ledger, rows: 1 };
        Ok(())
    }

    fn add_row(&mut self, ledger: Report, entry: &Entry) -> io::Result<()> {
        // An empty table has a sheet, too, so that it is not missed.
        while self.sheet.ledger != Some(ledger) {
            let done = self.sheet.ledger;
            let next = match self.ledgers.iter().position(|one| Some(*one) == done) {
                Some(place) => self.ledgers.get(place.saturating_add(1)),
                None => self.ledgers.first(),
            };
            let Some(next) = next.copied() else { break };
            self.add_sheet(next)?;
        }
        if self.sheet.rows >= MAX_ROWS {
            self.add_sheet(ledger)?;
        }
        let cells = values(entry).map(|field| cell(field, &self.zone, &self.currencies));
        self.file.add_row(cells)?;
        self.sheet.rows = self.sheet.rows.saturating_add(1);
        Ok(())
    }

    fn add_missing_sheets(&mut self) -> io::Result<()> {
        let done = self.sheet.ledger;
        let place = self.ledgers.iter().position(|one| Some(*one) == done);
        let begin = place.map_or(0, |place| place.saturating_add(1));
        let missing: Vec<Report> = self.ledgers.iter().skip(begin).copied().collect();
        missing.into_iter().try_for_each(|ledger| self.add_sheet(ledger))
    }
}

/// `field` as a cell, times as the clock in `zone` shows them.
fn cell(field: Field, zone: &TimeZone, currencies: &[CurrencySpecification]) -> Cell {
    match field {
        Field::Nothing => Cell::Empty,
        Field::Text(text) => Cell::Text(fitting(text)),
        Field::Number(amount) => amount_cell(&amount, currencies),
        Field::Serial(serial) => Cell::Text(serial.to_string()),
        Field::Instant(at) => zoned(at, zone).map_or(Cell::Empty, |at| Cell::Time(at.datetime())),
    }
}

/// `amount` with as many decimals as its currency has; as a text if a spreadsheet would round it.
fn amount_cell(amount: &Amount, currencies: &[CurrencySpecification]) -> Cell {
    let shown = money::typed(amount, currencies, Locale::default());
    let digits = shown.chars().filter(char::is_ascii_digit).count();
    if digits > MAX_DIGITS {
        return Cell::Text(shown);
    }
    let decimals = shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    Cell::Number { digits: number(amount), decimals }
}

/// `text`, or as much of it as one cell holds.
fn fitting(text: String) -> String {
    if text.encode_utf16().count() <= MAX_TEXT {
        return text;
    }
    let mut units = 1; // the mark at the end
    let mut short: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= MAX_TEXT
        })
        .collect();
    short.push('…');
    short
}

/// Hands on what is written.
struct Through<'a> {
    spool: &'a mut Spool,
    /// Why the store did not take it, for what writes tells only that.
    failed: Option<Error>,
}

impl io::Write for Through<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.spool.write(bytes).map_err(|error| {
            let reported = io::Error::other(error.to_string());
            self.failed = Some(error.into());
            reported
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<F: SheetFile> ReportWriter for WorkbookWriter<F> {
    fn begin(&mut self, spool: &mut Spool) -> Result<(), Error> {
        self.file.begin(spool).map_err(|error| spool.failure(error).into())
    }

    fn entry(&mut self, spool: &mut Spool, ledger: Report, entry: &Entry) -> Result<(), Error> {
        self.add_row(ledger, entry).map_err(|error| spool.failure(error).into())
    }

    fn end(&mut self, spool: &mut Spool) -> Result<(), Error> {
        self.add_missing_sheets().map_err(|error| spool.failure(error))?;
        let mut through = Through { spool, failed: None };
        match self.file.finish(&mut through) {
            Ok(()) => Ok(()),
            Err(error) => Err(match through.failed {
                Some(known) => known,
                None => through.spool.failure(error).into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_is_cut_and_says_so() {
        assert_eq!(fitting("short".into()), "short");
        let exact = "x".repeat(MAX_TEXT);
        assert_eq!(fitting(exact.clone()), exact);
        let cut = fitting("\u{1f600}".repeat(MAX_TEXT));
        assert!(cut.ends_with('…') && cut.encode_utf16().count() <= MAX_TEXT);
    }

    #[test]
    fn an_amount_is_a_number_unless_a_spreadsheet_would_round_it() {
        let of = |text| amount_cell(&Amount::parse(text).unwrap(), &[]);
        let number = |digits: &str, decimals| Cell::Number { digits: digits.into(), decimals };
        assert_eq!(of("EUR:1234.5"), number("1234.5", 2));
        assert_eq!(of("EUR:0.20000001"), number("0.20000001", 8));
        assert_eq!(of("JPY:5"), number("5", 0));
        assert_eq!(of("EUR:1234567890.12345678"), Cell::Text("1234567890.12345678".into()));
    }
}
