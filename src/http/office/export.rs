//! The books to take away: orders, payments and refunds of some days, for a spreadsheet (CSV, RFC
//! 4180) or a program (JSON, one object a line), with their sums.
//!
//! Days begin and end as in the time zone that the visitor names. Each file is of one moment, and so
//! are those that are taken away together: they are read at once and put aside (the store's `spool`),
//! so that neither their length nor a slow client matters.

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
use super::super::extract::Params;
use super::super::pages::Frame;
use super::days;
use super::seat::Seat;
use super::shown;
use super::till::Sum;
use crate::domain::amount::Amount;
use crate::domain::characters::is_control_or_format;
use crate::domain::order::{Order, Refunded};
use crate::domain::time::Timestamp;
use crate::page::Words;
use crate::page::moment::{usual_zone, zone};
use crate::till::{Books, Entry, Error, Ledger, Spooled, Till};

/// What can be taken away: its name in addresses, and which ledger it is.
const LEDGERS: &[(&str, Ledger)] =
    &[("orders", Ledger::Orders), ("payments", Ledger::Payments), ("refunds", Ledger::Refunds)];

/// All of them, of one moment.
const ALL: &str = "all";

/// What the visitor typed.
struct Ask {
    from: String,
    until: String,
    zone: String,
}

/// Days in a zone.
struct Days {
    books: Books,
    zone: TimeZone,
}

/// Files to take away.
struct Download {
    text: &'static str,
    /// Their kinds, and where they are.
    files: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "http/office/export.html")]
struct Page<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    ask: &'a Ask,
    wrong: Option<&'a str>,
    sums: Option<Vec<Sum>>,
    downloads: Vec<Download>,
}

impl Ask {
    fn of(params: &Params) -> Self {
        let own = |name| params.text(name).unwrap_or_default().trim().to_owned();
        Self { from: own("from"), until: own("until"), zone: own("zone") }
    }

    fn days(&self, words: &Words) -> Result<Days, &'static str> {
        let zone = zone(&self.zone).ok_or(words.no_zone)?;
        let from = days::start(&self.from, 0, &zone).ok_or(words.no_date)?;
        let until = days::start(&self.until, 1, &zone).ok_or(words.no_date)?;
        match from < until {
            true => Ok(Days { books: Books { from, until }, zone }),
            false => Err(words.days_backwards),
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
pub(in crate::http) async fn page(till: Data<Till>, seat: Seat, params: Params) -> Answer {
    let words = seat.words();
    let mut ask = Ask::of(&params);
    let is_asked = !ask.from.is_empty() || !ask.until.is_empty();
    if !is_asked {
        let zone = TimeZone::system();
        if let Some(today) = days::of(till.now(), &zone) {
            ask.from = today.first_of_month().to_string();
            ask.until = today.to_string();
        }
    }
    if ask.zone.is_empty() {
        ask.zone = usual_zone();
    }
    let (mut wrong, mut sums, mut downloads) = (None, None, Vec::new());
    match ask.days(words) {
        Err(text) => wrong = Some(text),
        Ok(days) => {
            let totals = till.totals(seat.clerk(), days.books).await?;
            sums = Some(totals.iter().map(|total| Sum::of(total, &seat, &till)).collect());
            let texts = [words.tab_orders, words.payments, words.refunds];
            let file =
                |ledger, format| seat.path(&format!("export-file?{}", ask.query(ledger, format)));
            downloads = LEDGERS
                .iter()
                .zip(texts)
                .map(|((name, _), text)| Download {
                    text,
                    files: vec![("CSV", file(name, "csv")), ("JSON lines", file(name, "jsonl"))],
                })
                .collect();
            downloads.push(Download {
                text: words.export_all,
                files: vec![("JSON lines", file(ALL, "jsonl"))],
            });
        }
    }
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let frame = seat.frame();
    shown(status, frame, &Page { frame, words, seat: &seat, ask: &ask, wrong, sums, downloads })
}

/// How a file is written.
#[derive(Clone, Copy)]
enum Format {
    Csv,
    JsonLines,
}

/// `GET /webui/export-file`: one ledger in one format, or all of them, of one moment.
pub(in crate::http) async fn file(till: Data<Till>, seat: Seat, params: Params) -> Answer {
    let ask = Ask::of(&params);
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
    let (format, kind, ending) = match params.text("format") {
        Some("csv") if name != ALL => {
            (Format::Csv, "text/csv; charset=utf-8; header=present", "csv")
        }
        Some("jsonl") => (Format::JsonLines, "application/x-ndjson", "jsonl"),
        _ => return Err(malformed("format")),
    };
    let Days { books, zone } = ask.days(seat.words()).map_err(malformed)?;
    // The dates were read, so they are digits and dashes; days are told by the visitor's zone.
    let day = |at: Timestamp| days::of(at, &zone).map(|day| day.to_string()).unwrap_or_default();
    let last = books.until.secs().unwrap_or_default().saturating_sub(1);
    let last = Timestamp::from_secs(last).unwrap_or(books.until);
    let file = format!("{name}-{}-{}.{ending}", day(books.from), day(last));

    let is_mixed = name == ALL;
    let begin = match (format, wanted.first()) {
        (Format::Csv, Some(ledger)) => line(&columns(*ledger).map(str::to_owned)),
        _ => String::new(),
    };
    let write = move |ledger, entry: &Entry| {
        let values = values(entry, &zone);
        match format {
            Format::Csv => line(&values.map(Field::cell)),
            Format::JsonLines => object(ledger, values, is_mixed),
        }
    };
    let text = till.export(seat.clerk(), begin, wanted, books, write).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")))
        .body(SizedStream::new(text.length(), sent(text))))
}

/// `text`, read as fast as somebody takes it; all of it is there already.
fn sent(text: Spooled) -> impl Stream<Item = Result<Bytes, Error>> {
    try_unfold(text, |text| async move {
        let (piece, rest) = text.next().await?;
        Ok(piece.map(|piece| (Bytes::from(piece), rest)))
    })
}

/// A value of a column.
enum Field {
    /// A text that people wrote, or a name.
    Text(String),
    /// A number of some currency, which has a column of its own.
    Number(String),
    /// Nothing.
    Nothing,
}

/// How many columns each ledger has.
const WIDTH: usize = 9;

fn columns(ledger: Ledger) -> [&'static str; WIDTH] {
    match ledger {
        Ledger::Orders => [
            "order_id",
            "created_at",
            "summary",
            "currency",
            "amount",
            "state",
            "paid_at",
            "refunded",
            "refund_fetched",
        ],
        Ledger::Payments => [
            "order_id",
            "paid_at",
            "summary",
            "currency",
            "amount",
            "method",
            "reference",
            "created_at",
            "session_id",
        ],
        Ledger::Refunds => [
            "order_id",
            "granted_at",
            "summary",
            "currency",
            "amount",
            "method",
            "reason",
            "fetched_at",
            "refund",
        ],
    }
}

fn values(entry: &Entry, zone: &TimeZone) -> [Field; WIDTH] {
    let text = |text: &str| Field::Text(text.to_owned());
    let at = |at: Option<Timestamp>| match at.and_then(|at| instant(at, zone)) {
        Some(text) => Field::Text(text),
        None => Field::Nothing,
    };
    let maybe = |text: Option<&str>| match text {
        Some(text) => Field::Text(text.to_owned()),
        None => Field::Nothing,
    };
    let currency = |amount: &Amount| Field::Text(amount.currency().to_string());
    match entry {
        Entry::Order(order) => [
            text(order.order_id.as_str()),
            at(Some(order.created_at)),
            text(&order.summary),
            currency(&order.amount),
            number(&order.amount),
            text(state(order)),
            at(order.paid.as_ref().map(|paid| paid.at)),
            number(&order.refund_granted),
            number(&order.refund_taken),
        ],
        Entry::Payment(paid) => {
            let (order, counter) = (&paid.order, paid.counter.as_ref());
            let reference = counter.and_then(|counter| counter.reference.as_ref());
            let session = order.paid.as_ref().and_then(|paid| paid.session.as_ref());
            [
                text(order.order_id.as_str()),
                at(order.paid.as_ref().map(|paid| paid.at)),
                text(&order.summary),
                currency(&order.amount),
                number(&order.amount),
                text(counter.map_or("taler", |counter| counter.method.as_str())),
                maybe(reference.map(|reference| reference.as_str())),
                at(Some(order.created_at)),
                maybe(session.map(|session| session.as_str())),
            ]
        }
        Entry::Refund(refund) => [
            text(refund.order_id.as_str()),
            at(Some(refund.granted_at)),
            text(&refund.summary),
            currency(&refund.amount),
            number(&refund.amount),
            text(if refund.at_counter { "counter" } else { "taler" }),
            text(&refund.reason),
            at(refund.taken_at),
            Field::Number(refund.serial.to_string()),
        ],
    }
}

/// How an order stands, as words that do not depend on who reads, nor on when.
fn state(order: &Order) -> &'static str {
    match (&order.paid, order.refunded()) {
        (None, _) => "unpaid",
        (Some(_), Refunded::No) => "paid",
        (Some(_), Refunded::Partly) => "partly-refunded",
        (Some(_), Refunded::Wholly) => "refunded",
    }
}

/// The number of `amount`, with a dot before the decimals.
fn number(amount: &Amount) -> Field {
    let wire = amount.to_string();
    Field::Number(wire.split_once(':').map_or("", |(_, number)| number).to_owned())
}

/// `at` as the clock in `zone` showed it, and by how much that differs from UTC.
fn instant(at: Timestamp, zone: &TimeZone) -> Option<String> {
    let at = jiff::Timestamp::from_second(i64::try_from(at.secs()?).ok()?).ok()?;
    Some(at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

impl Field {
    /// As a cell of a spreadsheet, not yet quoted. Texts that spreadsheets would reckon with are
    /// marked as texts by an apostrophe: customers can write them.
    fn cell(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Number(number) => number,
            Self::Text(text) if is_formula(&text) => format!("'{text}"),
            Self::Text(text) => text,
        }
    }
}

/// Could a spreadsheet take `text` for something to reckon with? What programs leave out at the
/// beginning (spaces, control and format characters) does not hide a sign, and a full-width or
/// small one is the same sign.
fn is_formula(text: &str) -> bool {
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
fn line(cells: &[String; WIDTH]) -> String {
    let quoted = cells.each_ref().map(|cell| {
        match cell.contains(['"', ',', ';', '\t', '\r', '\n']) || cell.trim() != cell {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.clone(),
        }
    });
    quoted.join(",") + "\r\n"
}

/// A line of a JSON lines file; in one of all ledgers it says which it belongs to.
fn object(ledger: Ledger, values: [Field; WIDTH], is_mixed: bool) -> String {
    let members = columns(ledger).into_iter().zip(values).filter_map(|(name, value)| {
        // Numbers stay texts: readers of JSON would round them.
        let value = match value {
            Field::Nothing => return None,
            Field::Text(text) | Field::Number(text) => json!(text),
        };
        Some((name.to_owned(), value))
    });
    let name = LEDGERS.iter().find(|(_, known)| *known == ledger && is_mixed);
    let kind = name.map(|(name, _)| ("ledger".to_owned(), json!(name)));
    Value::Object(kind.into_iter().chain(members).collect()).to_string() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_text_whatever_it_says() {
        let cell = |text: &str| Field::Text(text.to_owned()).cell();
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "|x", "\n=1", "\tBread"]
        {
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
        assert_eq!(Field::Number("0.5".into()).cell(), "0.5");
    }

    #[test]
    fn a_line_is_quoted_as_rfc_4180_has_it() {
        let mut cells = [const { String::new() }; WIDTH];
        cells[0] = "plain".into();
        cells[1] = "a \"b\", c".into();
        cells[2] = "two\nlines".into();
        cells[3] = " edge".into();
        assert_eq!(line(&cells), "plain,\"a \"\"b\"\", c\",\"two\nlines\",\" edge\",,,,,\r\n");
    }

    #[test]
    fn an_instant_says_which_of_two_equal_hours_it_is() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let of = |secs| instant(Timestamp::from_secs(secs).unwrap(), &zone).unwrap();
        assert_eq!(of(1_792_888_200), "2026-10-25T02:30:00+02:00");
        assert_eq!(of(1_792_888_200 + 3600), "2026-10-25T02:30:00+01:00");
    }
}
