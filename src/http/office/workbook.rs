//! The books as a workbook of Office Open XML (XLSX), which every spreadsheet opens: one sheet for each
//! ledger, amounts as numbers, times as times, and everything else as text, whatever it looks like.
//!
//! The file is written by a library; rows go to files without a name beside the database, so memory
//! does not grow with the books.

use std::io;

use jiff::tz::TimeZone;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::export::{Field, LEDGERS, columns, number, values, zoned};
use crate::till::{Entry, Error, Ledger, LedgerWriter, Spool};
use taler::amount::Amount;
use taler::currency::CurrencySpecification;
use ui::money;
use ui::visitor::Visitor;

/// Rows of one sheet, its heading included: the format has no more. What is beyond goes to another
/// sheet of the same ledger.
const MAX_ROWS: u32 = 1_048_576;
/// Longest text of one cell, in UTF-16 units: the format has no more.
const MAX_TEXT: usize = 32_767;
/// Most digits that a spreadsheet keeps of a number; a longer one would be rounded without a word.
const MAX_DIGITS: usize = 15;
/// How wide columns of times and of other things are, in characters.
const TIME_WIDTH: u16 = 20;
const USUAL_WIDTH: u16 = 16;

/// Writes ledgers as a workbook.
pub(super) struct WorkbookWriter {
    ledgers: Vec<Ledger>,
    zone: TimeZone,
    currencies: Vec<CurrencySpecification>,
    formats: Formats,
    workbook: Workbook,
    sheets: Sheets,
}

/// The sheet that rows are added to.
#[derive(Default)]
struct Sheets {
    /// How many there are; the last one is written to.
    count: usize,
    /// Whose it is.
    ledger: Option<Ledger>,
    /// How many of this ledger there are.
    of_ledger: usize,
    /// Rows in it.
    rows: u32,
}

/// How cells look.
struct Formats {
    heading: Format,
    time: Format,
    text: Format,
}

impl WorkbookWriter {
    /// For `ledgers`, with times as the clock in `zone` shows them.
    pub(super) fn new(
        ledgers: &[Ledger],
        zone: TimeZone,
        currencies: Vec<CurrencySpecification>,
    ) -> Self {
        let formats = Formats {
            heading: Format::new().set_bold(),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            text: Format::new().set_num_format("@"),
        };
        let (workbook, sheets) = (Workbook::new(), Sheets::default());
        Self { ledgers: ledgers.to_vec(), zone, currencies, formats, workbook, sheets }
    }

    /// Begins a sheet of `ledger`.
    fn add_sheet(&mut self, ledger: Ledger) -> Result<(), XlsxError> {
        let again = self.sheets.ledger == Some(ledger);
        let of_ledger = if again { self.sheets.of_ledger.saturating_add(1) } else { 1 };
        let name = LEDGERS.iter().find(|row| row.1 == ledger).map_or("", |row| row.0);
        let name = match of_ledger {
            1 => name.to_owned(),
            number => format!("{name} {number}"),
        };
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (column, name) in (0_u16..).zip(columns(ledger)) {
            let is_time = name.ends_with("_at");
            sheet.set_column_width(column, if is_time { TIME_WIDTH } else { USUAL_WIDTH })?;
        }
        for (column, name) in (0_u16..).zip(columns(ledger)) {
            sheet.write_string_with_format(0, column, name, &self.formats.heading)?;
        }
        let count = self.sheets.count.saturating_add(1);
        self.sheets = Sheets { count, ledger: Some(ledger), of_ledger, rows: 1 };
        Ok(())
    }

    fn add_row(&mut self, ledger: Ledger, entry: &Entry) -> Result<(), XlsxError> {
        // A ledger without entries has a sheet, too, or somebody would look for it.
        while self.sheets.ledger != Some(ledger) {
            let done = self.sheets.ledger;
            let next = match self.ledgers.iter().position(|one| Some(*one) == done) {
                Some(place) => self.ledgers.get(place.saturating_add(1)),
                None => self.ledgers.first(),
            };
            let Some(next) = next.copied() else { break };
            self.add_sheet(next)?;
        }
        if self.sheets.rows >= MAX_ROWS {
            self.add_sheet(ledger)?;
        }
        let (row, last) = (self.sheets.rows, self.sheets.count.saturating_sub(1));
        let sheet = self.workbook.worksheet_from_index(last)?;
        for (column, field) in (0_u16..).zip(values(entry)) {
            match field {
                Field::Nothing => {}
                Field::Text(text) => {
                    sheet.write_string_with_format(
                        row,
                        column,
                        fitting(text),
                        &self.formats.text,
                    )?;
                }
                Field::Number(amount) => self.currencies.write(sheet, row, column, &amount)?,
                Field::Serial(serial) => {
                    let text = serial.to_string();
                    sheet.write_string_with_format(row, column, text, &self.formats.text)?;
                }
                Field::Instant(at) => {
                    if let Some(at) = zoned(at, &self.zone) {
                        let at = at.datetime();
                        sheet.write_datetime_with_format(row, column, at, &self.formats.time)?;
                    }
                }
            }
        }
        self.sheets.rows = row.saturating_add(1);
        Ok(())
    }

    fn add_missing_sheets(&mut self) -> Result<(), XlsxError> {
        let done = self.sheets.ledger;
        let place = self.ledgers.iter().position(|one| Some(*one) == done);
        let begin = place.map_or(0, |place| place.saturating_add(1));
        let missing: Vec<Ledger> = self.ledgers.iter().skip(begin).copied().collect();
        missing.into_iter().try_for_each(|ledger| self.add_sheet(ledger))
    }
}

/// Writes amounts with as many digits as their currencies have.
trait WriteAmount {
    fn write(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        amount: &Amount,
    ) -> Result<(), XlsxError>;
}

impl WriteAmount for Vec<CurrencySpecification> {
    fn write(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        amount: &Amount,
    ) -> Result<(), XlsxError> {
        let shown = money::typed(amount, self, Visitor::default());
        let digits = shown.chars().filter(char::is_ascii_digit).count();
        match number(amount).parse::<f64>() {
            Ok(value) if digits <= MAX_DIGITS => {
                let decimals = shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
                let pattern = match decimals {
                    0 => "0".to_owned(),
                    decimals => format!("0.{}", "0".repeat(decimals)),
                };
                let format = Format::new().set_num_format(pattern);
                sheet.write_number_with_format(row, column, value, &format)?;
            }
            _ => {
                sheet.write_string(row, column, shown)?;
            }
        }
        Ok(())
    }
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

/// Hands on what the library writes.
struct Through<'a> {
    spool: &'a mut Spool,
    /// Why the store did not take it, for the library tells only that.
    failed: Option<Error>,
}

impl io::Write for Through<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.spool.write(bytes).map_err(|error| {
            let told = io::Error::other(error.to_string());
            self.failed = Some(error.into());
            told
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the library's `error` means for whoever writes into `spool`.
fn failed(spool: &Spool, error: XlsxError) -> Error {
    let error = match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    };
    spool.failure(error).into()
}

impl LedgerWriter for WorkbookWriter {
    fn begin(&mut self, spool: &mut Spool) -> Result<(), Error> {
        let begun = self.workbook.set_tempdir(spool.folder()).map(|_| ());
        begun.map_err(|error| failed(spool, error))
    }

    fn entry(&mut self, spool: &mut Spool, ledger: Ledger, entry: &Entry) -> Result<(), Error> {
        self.add_row(ledger, entry).map_err(|error| failed(spool, error))
    }

    fn end(&mut self, spool: &mut Spool) -> Result<(), Error> {
        self.add_missing_sheets().map_err(|error| failed(spool, error))?;
        let mut through = Through { spool, failed: None };
        match self.workbook.save_to_writer(&mut through) {
            Ok(()) => Ok(()),
            Err(error) => Err(match through.failed {
                Some(known) => known,
                None => failed(through.spool, error),
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
}
