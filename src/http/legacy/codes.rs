//! The table of error codes of 2019 (legacy-2019 14), with the statuses of April 2020.
//! The member `ec` has today's code.

use super::super::error::{Failure, Row};
#[cfg(test)]
use super::super::error::{Listed, words};
use super::calls::Call;
use crate::model::contract::BadOrder;
use crate::till::Error as TillError;

use Failure::*;

/// `cause` in the words of 2019.
pub(super) fn explain(call: Call, cause: Failure) -> Failure {
    let row = row(call, &cause).unwrap_or_else(|| cause.row());
    Legacy(row, Box::new(cause))
}

/// The table: the function that finds the row, and for the API document the list of all rows. A row is a call,
/// a cause, and status, code and hint; `same` stands for the status of today, and `today` for all of them.
macro_rules! rows_2019 {
    ($($call:pat, $cause:pat => $row:tt;)*) => {
        /// Status, code and hint of 2019; `None` where today's will do.
        fn row(call: Call, cause: &Failure) -> Option<Row> {
            match (call, cause) {
                $(($call, $cause) => rows_2019!(@row cause $row),)*
                _ => None,
            }
        }

        /// Every row: the call and the cause as they are written above, and status (of today if there is
        /// none), code and hint.
        #[cfg(test)]
        const ROWS: &[(&str, &str, Row2019)] =
            &[$((stringify!($call), stringify!($cause), rows_2019!(@list $row))),*];
    };
    (@row $cause:ident today) => { None };
    (@row $cause:ident (same, $code:literal, $hint:literal)) => { Some(Row::new($cause.row().status, $code, $hint)) };
    (@row $cause:ident ($status:literal, $code:literal, $hint:literal)) => { Some(Row::new($status, $code, $hint)) };
    (@list today) => { None };
    (@list (same, $code:literal, $hint:literal)) => { Some((None, $code, $hint)) };
    (@list ($status:literal, $code:literal, $hint:literal)) => { Some((Some($status), $code, $hint)) };
}

/// Status, code and hint, if they are not today's.
#[cfg(test)]
type Row2019 = Option<(Option<u16>, u32, &'static str)>;

rows_2019! {
    _, Json(_) | Compression => (400, 1006, "the request's body is not valid JSON");
    _, Missing(_) => (400, 1008, "a required parameter is missing");
    Call::History, Till(TillError::InvalidField(_)) => (400, 2200, "the date is too far in the future");
    _, Malformed(_) | Till(TillError::InvalidField(_)) => (400, 1009, "a parameter is malformed");
    _, Segment => (404, 2000, "there is no such instance");
    _, Till(TillError::InstanceDeleted(_)) => (404, 2000, "there is no such instance");
    Call::Pay, Removed(_) => (410, 2121, "wallet too old");
    _, Removed(_) => (410, 2701, "tips were removed from Taler");

    Call::Order, Till(TillError::Order(BadOrder::Shape(_))) => (400, 1007, "no contract can be made of this order");
    Call::Order, Till(TillError::Order(BadOrder::Currency)) => (400, 2509, "the amount is in a currency that is not this backend's");
    Call::Order, Till(TillError::Order(BadOrder::Choices)) => today;
    Call::Order, Till(TillError::Order(_)) => (400, 1009, "a parameter is malformed");
    Call::Order, Till(TillError::NoAccount(_)) => (404, 2002, "the instance has no such bank account");
    Call::Order, Till(TillError::OrderExists(_)) => (409, 2508, "there is an order of this name with other content");
    Call::Order, Till(TillError::NoExchange | TillError::NoneCanWire) => (400, 2509, "no trusted exchange has coins in this currency");
    Call::Order, Till(TillError::Store(_)) => (same, 2506, "the database did not answer");

    Call::Proposal, Till(TillError::ClaimUnknown) => (404, 2503, "there is no such order, or it needs another token");
    Call::Proposal, Till(TillError::AlreadyClaimed(_)) => (400, 2503, "another wallet has claimed the order");
    Call::Proposal, Till(TillError::Store(_)) => (same, 2502, "the database did not answer");

    Call::CheckPayment, Till(TillError::OrderUnknown(_)) => (404, 2913, "there is no such order");
    Call::CheckPayment, Till(TillError::Store(_)) => (same, 2912, "the database did not answer");
    Call::CheckPayment, Till(TillError::Damaged(_)) => (500, 2911, "the contract cannot be read");

    Call::PollPayment, Till(TillError::ContractUnknown) => (404, 2250, "there is no such contract");
    Call::PollPayment, Till(TillError::Store(_)) => (same, 2117, "the database did not answer");

    Call::Refund | Call::PickUp, Till(TillError::OrderUnknown(_)) => (404, 2601, "there is no such order");
    Call::Refund | Call::PickUp, Till(TillError::Store(_)) => (same, 2603, "the database did not answer");
    Call::PickUp, NoRefund => (404, 2607, "nothing was refunded");
    Call::Refund, Till(TillError::RefundCurrency) => (400, 1009, "the refund is in another currency than the price");
    Call::Refund, Till(TillError::RefundInconsistent | TillError::RefundOfUnpaid | TillError::RefundNotAllowed | TillError::RefundTooLate) => (409, 2602, "the refund is more than can be refunded");

    Call::History, Till(TillError::Store(_)) => (same, 2201, "the database did not answer");
}

/// The row of 2019 for a row of today's table, in the answer to the call that `method` and `path` name: the
/// first one that fits, as the table is read.
#[cfg(test)]
pub(in crate::http) fn translated(method: &str, path: &str, today: &Listed) -> Row {
    let call = super::CALLS.iter().zip(super::LEGACY).find_map(|(call, row)| {
        (row.method == method && row.path == path).then(|| format!("{call:?}"))
    });
    let call = call.unwrap_or_else(|| panic!("{method} {path} is no call of 2019"));
    let names = today.words();
    let found = ROWS.iter().find(|(calls, causes, _)| {
        let causes = words(causes);
        let is_same = |name: Option<&&str>| name.is_some_and(|name| causes.contains(name));
        let fits =
            is_same(names.first()) && (!causes.contains(&"BadOrder") || is_same(names.last()));
        fits && (*calls == "_" || words(calls).contains(&call.as_str()))
    });
    match found {
        Some((_, _, Some((old, code, hint)))) => {
            Row::new(old.unwrap_or(today.row.status), *code, hint)
        }
        Some((_, _, None)) | None => today.row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::tests::listed;

    #[test]
    fn the_document_translates_as_the_daemon_does() {
        let order = |bad| Till(TillError::Order(bad));
        for (call, method, path, cause, word) in [
            (Call::Order, "POST", "/order", Json(String::new()), "Json"),
            (Call::Order, "POST", "/order", Missing("x".into()), "Missing"),
            (Call::Order, "POST", "/order", order(BadOrder::Currency), "Currency"),
            (Call::Order, "POST", "/order", order(BadOrder::Choices), "Choices"),
            (Call::Order, "POST", "/order", order(BadOrder::PayDeadlinePast), "PayDeadlinePast"),
            (Call::Order, "POST", "/order", Till(TillError::NoneCanWire), "NoneCanWire"),
            (Call::Order, "POST", "/order", Till(TillError::BeyondLimits), "BeyondLimits"),
            (Call::PickUp, "GET", "/refund", NoRefund, "NoRefund"),
            (Call::Refund, "POST", "/refund", Till(TillError::RefundTooLate), "RefundTooLate"),
            (Call::Refund, "POST", "/refund", Till(TillError::RefundBelowFee), "RefundBelowFee"),
            (Call::Pay, "POST", "/pay", Removed("x"), "Removed"),
            (Call::TipQuery, "GET", "/tip-query", Removed("x"), "Removed"),
            (Call::Proposal, "GET", "/proposal", Segment, "Segment"),
        ] {
            let today = listed(word).into_iter().find(|one| one.row == cause.row()).unwrap();
            let said = row(call, &cause).unwrap_or_else(|| cause.row());
            assert_eq!(translated(method, path, today), said, "{call:?} {word}");
        }
    }
}
