//! Exports reports: orders, payments and refunds of some days, with their sums; for a
//! spreadsheet (XLSX, ODS, or CSV in the visitor's format) or a program (CSV of RFC 4180, or JSON,
//! one object a line).
//!
//! Days are the shop's business days, in the time zone that the visitor names. Each file is a snapshot
//! of the database, and files of one export share it: they are read at once and spooled (the
//! store's `spool`), so that neither their length nor a slow client matters.

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use askama::Template;
use futures_util::stream::{Stream, try_unfold};
use jiff::tz::TimeZone;

use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;

use super::super::error::{Answer, Failure};
use super::super::extract::QueryParams;
use super::super::pages::page::PageContext;
use super::answer::shown;
use super::ledgers::{Field, LEDGERS, WIDTH, columns, values, zoned};
use super::ods::Ods;
use super::tax_table::TaxTable;
use super::till::Sum;
use super::web_session::WebSession;
use super::workbook::WorkbookWriter;
use super::xlsx::Xlsx;
use crate::model::business_day::{Calendar, ZoneName};
use crate::model::order::Order;
use crate::till::{DateRange, Entry, Error, Report, ReportWriter, Spool, Spooled, Till};
use taler::characters::is_control_or_format;
use taler::currency::CurrencySpecification;
use taler::time::Timestamp;
use ui::locale::Locale;
use ui::{Messages, money};

/// All of them, of one moment.
const ALL: &str = "all";

/// What the visitor typed.
struct ExportQuery {
    from: String,
    until: String,
    zone: String,
}

/// Business days in a zone.
struct Days {
    range: DateRange,
    calendar: Calendar,
}

/// Files to take away.
struct Download {
    text: &'static str,
    /// Their kinds, and where they are.
    files: Vec<(&'static str, String)>,
}

/// What was paid and refunded in one currency.
struct CurrencySum {
    sum: Sum,
    taxes: Option<TaxTable>,
}

#[derive(Template)]
#[template(path = "http/backoffice/export.html")]
struct ExportPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    ask: &'a ExportQuery,
    wrong: Option<&'a str>,
    sums: Option<Vec<CurrencySum>>,
    downloads: Vec<Download>,
}

impl ExportQuery {
    fn of(params: &QueryParams) -> Self {
        let own = |name| params.text(name).unwrap_or_default().trim().to_owned();
        Self { from: own("from"), until: own("until"), zone: own("zone") }
    }

    /// The days that were asked for; those of `own` say at which hour they end.
    fn days(&self, own: &Calendar, messages: &Messages) -> Result<Days, &'static str> {
        let zone = ZoneName::parse(self.zone.as_str()).ok().and_then(|name| name.find());
        let calendar = own.in_zone(zone.ok_or(messages.no_zone)?);
        let from = calendar.start(&self.from, 0).ok_or(messages.no_date)?;
        let until = calendar.start(&self.until, 1).ok_or(messages.no_date)?;
        match from < until {
            true => Ok(Days { range: DateRange { from, until }, calendar }),
            false => Err(messages.days_backwards),
        }
    }

    fn query(&self, ledger: &str, format: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs([
            ("ledger", ledger),
            ("format", format),
            ("from", &self.from),
            ("until", &self.until),
            ("zone", &self.zone),
        ]);
        query.finish()
    }
}

/// `GET /webui/export`: which days, their sums, and the files.
pub(in crate::http) async fn page(
    till: Data<Till>,
    web_session: WebSession,
    params: QueryParams,
) -> Answer {
    let messages = web_session.messages();
    let mut ask = ExportQuery::of(&params);
    let is_asked = !ask.from.is_empty() || !ask.until.is_empty();
    if !is_asked && let Some(today) = web_session.calendar().day_of(till.now()) {
        ask.from = today.first_of_month().to_string();
        ask.until = today.to_string();
    }
    if ask.zone.is_empty() {
        web_session.calendar().zone_name().clone_into(&mut ask.zone);
    }
    let (mut wrong, mut sums, mut downloads) = (None, None, Vec::new());
    match ask.days(web_session.calendar(), messages) {
        Err(text) => wrong = Some(text),
        Ok(days) => {
            let totals = till.totals_with_taxes(web_session.principal(), days.range).await?;
            let both = |total| CurrencySum {
                sum: Sum::of(total, &web_session, &till),
                taxes: TaxTable::of_total(total, &web_session, &till),
            };
            sums = Some(totals.iter().map(both).collect());
            let texts =
                [messages.tab_orders, messages.payments, messages.refunds, messages.by_tax_rate];
            let file = |ledger, format| {
                web_session.path(&format!("export-file?{}", ask.query(ledger, format)))
            };
            downloads = LEDGERS
                .iter()
                .zip(texts)
                .map(|((name, _), text)| Download {
                    text,
                    files: vec![
                        (messages.spreadsheet, file(name, "xlsx")),
                        (messages.open_spreadsheet, file(name, "ods")),
                        (messages.local_csv, file(name, "local-csv")),
                        ("CSV (RFC 4180)", file(name, "csv")),
                        ("JSON lines", file(name, "jsonl")),
                    ],
                })
                .collect();
            downloads.push(Download {
                text: messages.export_all,
                files: vec![
                    (messages.spreadsheet, file(ALL, "xlsx")),
                    (messages.open_spreadsheet, file(ALL, "ods")),
                    ("JSON lines", file(ALL, "jsonl")),
                ],
            });
        }
    }
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let context = web_session.context();
    shown(
        status,
        context,
        &ExportPage {
            context,
            messages,
            web_session: &web_session,
            ask: &ask,
            wrong,
            sums,
            downloads,
        },
    )
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Format {
    /// CSV as RFC 4180 has it, with times that say their zone: for programs.
    Csv,
    /// CSV as the visitor's spreadsheet opens it without questions.
    LocalCsv,
    /// A workbook of Office Open XML, one sheet for each ledger.
    Xlsx,
    /// A spreadsheet of `OpenDocument`, one sheet for each ledger.
    Ods,
    /// JSON, one object a line.
    JsonLines,
}

impl Format {
    /// All of them, as addresses name them.
    const NAMES: [(&'static str, Self); 5] = [
        ("csv", Self::Csv),
        ("local-csv", Self::LocalCsv),
        ("xlsx", Self::Xlsx),
        ("ods", Self::Ods),
        ("jsonl", Self::JsonLines),
    ];

    fn of(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|row| row.1)
    }

    /// Whether a file of this format can have more than one ledger in it.
    fn holds_all(self) -> bool {
        matches!(self, Self::Xlsx | Self::Ods | Self::JsonLines)
    }

    /// The media type, and how file names end.
    fn media(self) -> (&'static str, &'static str) {
        match self {
            Self::Csv | Self::LocalCsv => ("text/csv; charset=utf-8; header=present", "csv"),
            Self::Ods => ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
            Self::Xlsx => {
                ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
            }
            Self::JsonLines => ("application/x-ndjson", "jsonl"),
        }
    }
}

/// `GET /webui/export-file`: one ledger in one format, or all of them, of one moment.
pub(in crate::http) async fn file(
    till: Data<Till>,
    web_session: WebSession,
    params: QueryParams,
) -> Answer {
    let ask = ExportQuery::of(&params);
    let malformed = |name: &str| Failure::Malformed(name.to_owned());
    let name = params.text("ledger").unwrap_or_default();
    let wanted: Vec<_> = LEDGERS
        .iter()
        .filter(|(known, _)| *known == name || name == ALL)
        .map(|row| row.1)
        .collect();
    if wanted.is_empty() {
        return Err(malformed("ledger"));
    }
    let format = params.text("format").and_then(Format::of);
    let format = format.filter(|format| name != ALL || format.holds_all());
    let format = format.ok_or_else(|| malformed("format"))?;
    let Days { range, calendar } =
        ask.days(web_session.calendar(), web_session.messages()).map_err(malformed)?;
    let day = |at: Timestamp| calendar.day_of(at).map(|day| day.to_string()).unwrap_or_default();
    let last = range.until.secs().unwrap_or_default().saturating_sub(1);
    let last = Timestamp::from_secs(last).unwrap_or(range.until);
    let (kind, ending) = format.media();
    let file = format!("{name}-{}-{}.{ending}", day(range.from), day(last));
    let zone = calendar.zone().clone();

    let currencies = till.policy().currencies.clone();
    let (locale, principal) = (web_session.context().locale, web_session.principal());
    let text = match format {
        Format::Csv => {
            let writer =
                CsvWriter { heading: wanted.first().copied(), manner: CsvDialect::Exact(zone) };
            till.export(principal, wanted, range, writer).await?
        }
        Format::LocalCsv => {
            let manner = CsvDialect::Local(LocalFormat { zone, locale, currencies });
            let writer = CsvWriter { heading: wanted.first().copied(), manner };
            till.export(principal, wanted, range, writer).await?
        }
        Format::JsonLines => {
            let writer = JsonWriter { is_mixed: name == ALL, zone };
            till.export(principal, wanted, range, writer).await?
        }
        Format::Xlsx => {
            let writer = WorkbookWriter::new(&wanted, zone, currencies, Xlsx::new());
            till.export(principal, wanted, range, writer).await?
        }
        Format::Ods => {
            let writer = WorkbookWriter::new(&wanted, zone, currencies, Ods::new());
            till.export(principal, wanted, range, writer).await?
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")))
        .body(SizedStream::new(text.length(), sent(text))))
}

/// `text`, read as fast as the client takes it; it is complete already.
fn sent(text: Spooled) -> impl Stream<Item = Result<Bytes, Error>> {
    try_unfold(text, |text| async move {
        let (piece, rest) = text.next().await?;
        Ok(piece.map(|piece| (Bytes::from(piece), rest)))
    })
}

/// Separators of cells or lines in some programs' settings.
const SEPARATORS: &[char] = &[';', ',', '\t', '\r', '\n'];

/// `text` as a cell of a file with this separator, not yet quoted. Texts that spreadsheets would reckon
/// with are marked as texts by an apostrophe: customers can write them. So is what would become a cell of
/// its own for a reader who takes another separator, because quotes count only around whole cells.
pub(super) fn text_cell(text: &str, separator: char) -> String {
    let mut cell = String::new();
    if is_formula(text) {
        cell.push('\'');
    }
    for (at, c) in text.char_indices() {
        cell.push(c);
        let rest = text.get(at.saturating_add(c.len_utf8())..).unwrap_or_default();
        if c != separator && SEPARATORS.contains(&c) && is_formula(rest) {
            cell.push('\'');
        }
    }
    cell
}

/// A CSV file as the visitor's own spreadsheet reads it.
struct LocalFormat {
    zone: TimeZone,
    locale: Locale,
    currencies: Vec<CurrencySpecification>,
}

impl LocalFormat {
    /// Separator of cells. Spreadsheets expect a semicolon wherever a comma is not what groups
    /// the digits of a number.
    fn separator(&self) -> char {
        if self.locale.group == ',' { ',' } else { ';' }
    }

    fn cell(&self, field: Field) -> String {
        match field {
            Field::Nothing => String::new(),
            Field::Number(amount) => money::typed(&amount, &self.currencies, self.locale),
            Field::Instant(at) => zoned(at, &self.zone)
                .map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
                .unwrap_or_default(),
            Field::Serial(serial) => serial.to_string(),
            // An order called 0012 or 1-2 would become another number, or a date.
            Field::Text(text) if is_like_a_number(&text) => format!("'{text}"),
            Field::Text(text) => text_cell(&text, self.separator()),
        }
    }
}

/// Whether a spreadsheet would take `text` for a number, a date or a time.
pub(super) fn is_like_a_number(text: &str) -> bool {
    let text = text.trim();
    text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || ".,:-+/'%eE ’\u{a0}\u{202f}".contains(c))
}

/// How the cells of a CSV file are written.
enum CsvDialect {
    /// For programs: a comma between cells, a dot before decimals, times with their zone.
    Exact(TimeZone),
    /// For the visitor's spreadsheet.
    Local(LocalFormat),
}

/// Writes one ledger as CSV.
struct CsvWriter {
    heading: Option<Report>,
    manner: CsvDialect,
}

impl CsvWriter {
    fn line(&self, cells: &[String; WIDTH]) -> String {
        match &self.manner {
            CsvDialect::Exact(_) => line(cells, ','),
            CsvDialect::Local(local) => line(cells, local.separator()),
        }
    }
}

impl ReportWriter for CsvWriter {
    fn begin(&mut self, spool: &mut Spool) -> Result<(), Error> {
        if matches!(self.manner, CsvDialect::Local(_)) {
            // Without it Excel takes the text for one of its old code pages.
            spool.write("\u{feff}".as_bytes())?;
        }
        match self.heading {
            Some(ledger) => {
                Ok(spool.write(self.line(&columns(ledger).map(str::to_owned)).as_bytes())?)
            }
            None => Ok(()),
        }
    }

    fn entry(&mut self, spool: &mut Spool, _: Report, entry: &Entry) -> Result<(), Error> {
        let cells = values(entry).map(|field| match (&self.manner, field) {
            (CsvDialect::Local(local), field) => local.cell(field),
            (CsvDialect::Exact(_), Field::Text(text)) => text_cell(&text, ','),
            (CsvDialect::Exact(zone), field) => field.plain(zone).unwrap_or_default(),
        });
        Ok(spool.write(self.line(&cells).as_bytes())?)
    }

    fn end(&mut self, _: &mut Spool) -> Result<(), Error> {
        Ok(())
    }
}

/// Orders and the names of their cashiers as CSV of RFC 4180, with the columns that the export has, and times in UTC: for programs.
pub(in crate::http) fn orders_csv(orders: Vec<(Order, Option<String>)>) -> String {
    let mut text = line(&columns(Report::Orders).map(str::to_owned), ',');
    for (order, cashier) in orders {
        let cells = values(&Entry::Order(Box::new(order), cashier)).map(|field| match field {
            Field::Text(text) => text_cell(&text, ','),
            field => field.plain(&TimeZone::UTC).unwrap_or_default(),
        });
        text += &line(&cells, ',');
    }
    text
}

/// Whether a spreadsheet could take `text` for a formula. What programs leave out at the
/// beginning (spaces, control and format characters) does not hide a sign, and a full-width or
/// small one is the same sign.
pub(super) fn is_formula(text: &str) -> bool {
    let is_skipped = |c: &char| c.is_whitespace() || is_control_or_format(*c);
    // A tab or the end of a line splits cells where a file is read without quotes.
    if text.chars().take_while(is_skipped).any(char::is_control) {
        return true;
    }
    let first = text.chars().find(|c| !is_skipped(c));
    let sign = first.and_then(|c| std::iter::once(c).nfkc().next());
    // U+2212 is the minus of typesetters.
    matches!(sign, Some('=' | '+' | '-' | '@' | '|' | '%' | '\u{2212}'))
}

/// A line of a CSV file.
fn line(cells: &[String; WIDTH], separator: char) -> String {
    quoted(cells, separator)
}

/// A line of a CSV file with so many cells.
pub(super) fn quoted<const N: usize>(cells: &[String; N], separator: char) -> String {
    let quoted = cells.each_ref().map(|cell| {
        let marks = ['"', separator, ';', '\t', '\r', '\n'];
        match cell.contains(marks) || cell.trim() != cell {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.clone(),
        }
    });
    quoted.join(separator.encode_utf8(&mut [0; 4])) + "\r\n"
}

/// Writes ledgers as JSON, one object a line.
struct JsonWriter {
    /// Whether each object says which ledger it belongs to.
    is_mixed: bool,
    zone: TimeZone,
}

impl ReportWriter for JsonWriter {
    fn begin(&mut self, _: &mut Spool) -> Result<(), Error> {
        Ok(())
    }

    fn entry(&mut self, spool: &mut Spool, ledger: Report, entry: &Entry) -> Result<(), Error> {
        let members = columns(ledger).into_iter().zip(values(entry)).filter_map(|(name, field)| {
            // Numbers stay texts: readers of JSON would round them.
            Some((name.to_owned(), json!(field.plain(&self.zone)?)))
        });
        let name = LEDGERS.iter().find(|(_, known)| *known == ledger && self.is_mixed);
        let kind = name.map(|(name, _)| ("ledger".to_owned(), json!(name)));
        let object = Value::Object(kind.into_iter().chain(members).collect());
        Ok(spool.write(format!("{object}\n").as_bytes())?)
    }

    fn end(&mut self, _: &mut Spool) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_text_whatever_it_says() {
        let cell = |text: &str| text_cell(text, ',');
        // Where these split cells, what is behind them is a cell as well.
        for c in ["\t", "\r", "\n"] {
            assert_eq!(cell(&format!("{c}=1")), format!("'{c}'=1"));
        }
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "|x", "\tBread"] {
            assert_eq!(cell(bad), format!("'{bad}"));
        }
        // Full-width, small, raised and lowered signs, and the typesetters' minus.
        for sign in "＝＋－＠｜％﹢﹣﹦﹫⁺⁻⁼₊\u{2212}".chars() {
            assert_eq!(cell(&format!("{sign}1")), format!("'{sign}1"));
        }
        let hidden = "\u{a0}\u{1680}\u{2003}\u{202f}\u{3000}\u{85}\u{b}\u{c}\u{0}\u{1f}\u{7f}\u{ad}\
                      \u{200b}\u{200d}\u{200e}\u{202e}\u{2028}\u{2060}\u{2066}\u{3164}\u{feff}\u{e0020}";
        for c in hidden.chars() {
            for bad in [format!("{c}=1"), format!(" {c}\u{2009}＝1"), format!("{c}{c}@x")] {
                assert_eq!(cell(&bad), format!("'{bad}"), "{c:?}");
            }
        }
        for good in
            ["Bread", "1 = 1", "", "'x", "5 %", " Bread", "\u{feff}Bread", "\u{3000}茶", "ｂ＝"]
        {
            assert_eq!(cell(good), good);
        }
    }

    #[test]
    fn a_reader_who_takes_another_separator_finds_no_formula_either() {
        for (separator, other) in [(',', ';'), (';', ','), (',', '\t'), (';', '\n')] {
            let cell = text_cell(&format!("a{other} =1+1{other}b{separator}=2"), separator);
            assert_eq!(cell, format!("a{other}' =1+1{other}b{separator}=2"));
        }
        assert_eq!(text_cell("Tea; two cups, warm", ','), "Tea; two cups, warm");
    }

    #[test]
    fn a_line_is_quoted_as_rfc_4180_has_it() {
        let mut cells = [const { String::new() }; WIDTH];
        cells[0] = "plain".into();
        cells[1] = "a \"b\", c".into();
        cells[2] = "two\nlines".into();
        cells[3] = " edge".into();
        assert_eq!(
            line(&cells, ','),
            "plain,\"a \"\"b\"\", c\",\"two\nlines\",\" edge\",,,,,,\r\n"
        );
    }
}
