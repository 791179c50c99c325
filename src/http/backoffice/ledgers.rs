//! The ledgers that can be exported, and their columns, whatever the format of the file.

use jiff::tz::TimeZone;

use crate::model::order::{Order, Refunded};
use crate::till::{Entry, Report};
use taler::amount::Amount;
use taler::time::Timestamp;

/// What can be taken away: its name in addresses, and which ledger it is.
pub(super) const LEDGERS: &[(&str, Report)] = &[
    ("orders", Report::Orders),
    ("payments", Report::Payments),
    ("refunds", Report::Refunds),
    ("taxes", Report::Taxes),
];

/// A value of a column.
#[derive(Clone, Debug)]
pub(super) enum Field {
    /// A text that people wrote, or a name.
    Text(String),
    /// The number of an amount, whose currency has a column of its own.
    Number(Amount),
    /// An instant.
    Instant(Timestamp),
    /// A number that names something.
    Serial(i64),
    /// Nothing.
    Nothing,
}

impl Field {
    /// As text for programs; `None` for nothing.
    pub(super) fn plain(self, zone: &TimeZone) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Text(text) => Some(text),
            Self::Number(amount) => Some(number(&amount)),
            Self::Instant(at) => Some(instant(at, zone)),
            Self::Serial(serial) => Some(serial.to_string()),
        }
    }
}

/// How many columns each ledger has.
pub(super) const WIDTH: usize = 10;

pub(super) fn columns(ledger: Report) -> [&'static str; WIDTH] {
    match ledger {
        Report::Orders => [
            "order_id",
            "created_at",
            "summary",
            "currency",
            "amount",
            "state",
            "paid_at",
            "refunded",
            "refund_fetched",
            "cashier",
        ],
        Report::Payments => [
            "order_id",
            "paid_at",
            "summary",
            "currency",
            "amount",
            "method",
            "reference",
            "created_at",
            "session_id",
            "cashier",
        ],
        Report::Refunds => [
            "order_id",
            "granted_at",
            "summary",
            "currency",
            "amount",
            "method",
            "reason",
            "fetched_at",
            "refund",
            "cashier",
        ],
        Report::Taxes => [
            "order_id",
            "booked_at",
            "kind",
            "currency",
            "rate",
            "net",
            "tax",
            "gross",
            "method",
            "cashier",
        ],
    }
}

pub(super) fn values(entry: &Entry) -> [Field; WIDTH] {
    let text = |text: &str| Field::Text(text.to_owned());
    let at = |at: Option<Timestamp>| {
        at.filter(|at| at.secs().is_some()).map_or(Field::Nothing, Field::Instant)
    };
    let maybe = |text: Option<&str>| match text {
        Some(text) => Field::Text(text.to_owned()),
        None => Field::Nothing,
    };
    let currency = |amount: &Amount| Field::Text(amount.currency().to_string());
    let number = |amount: &Amount| Field::Number(*amount);
    match entry {
        Entry::Order(order, cashier) => [
            text(order.order_id.as_str()),
            at(Some(order.created_at)),
            text(&order.summary),
            currency(&order.amount),
            number(&order.amount),
            text(state(order)),
            at(order.paid.as_ref().map(|paid| paid.at)),
            number(&order.refund_granted),
            number(&order.refund_taken),
            maybe(cashier.as_deref()),
        ],
        Entry::Payment(paid, cashier) => {
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
                maybe(cashier.as_deref()),
            ]
        }
        Entry::Refund(refund, cashier) => [
            text(refund.order_id.as_str()),
            at(Some(refund.granted_at)),
            text(&refund.summary),
            currency(&refund.amount),
            number(&refund.amount),
            text(if refund.at_counter { "counter" } else { "taler" }),
            text(&refund.reason),
            at(refund.taken_at),
            Field::Serial(refund.serial),
            maybe(cashier.as_deref()),
        ],
        Entry::Tax(part) => [
            text(part.order_id.as_str()),
            at(Some(part.at)),
            text(if part.is_refund { "refund" } else { "payment" }),
            currency(&part.sum.gross),
            maybe(part.sum.rate.as_deref()),
            number(&part.sum.net()),
            number(&part.sum.tax),
            number(&part.sum.gross),
            text(match (&part.counter, part.at_counter) {
                (Some(method), _) => method.as_str(),
                (None, true) => "counter",
                (None, false) => "taler",
            }),
            maybe(part.cashier.as_deref()),
        ],
    }
}

/// An order's state, as words that depend neither on the language nor on the time.
fn state(order: &Order) -> &'static str {
    match (&order.paid, order.refunded()) {
        (None, _) => "unpaid",
        (Some(_), Refunded::No) => "paid",
        (Some(_), Refunded::Partly) => "partly-refunded",
        (Some(_), Refunded::Wholly) => "refunded",
    }
}

/// The number of `amount`, with a dot before the decimals.
pub(super) fn number(amount: &Amount) -> String {
    let wire = amount.to_string();
    wire.split_once(':').map_or("", |(_, number)| number).to_owned()
}

/// `at` as the clock in `zone` showed it.
pub(super) fn zoned(at: Timestamp, zone: &TimeZone) -> Option<jiff::Zoned> {
    let at = jiff::Timestamp::from_second(i64::try_from(at.secs()?).ok()?).ok()?;
    Some(at.to_zoned(zone.clone()))
}

/// `at` as the clock in `zone` showed it, and by how much that differs from UTC.
fn instant(at: Timestamp, zone: &TimeZone) -> String {
    let at = zoned(at, zone);
    at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_says_which_of_two_equal_hours_it_is() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let of = |secs| instant(Timestamp::from_secs(secs).unwrap(), &zone);
        assert_eq!(of(1_792_888_200), "2026-10-25T02:30:00+02:00");
        assert_eq!(of(1_792_888_200 + 3600), "2026-10-25T02:30:00+01:00");
    }
}
