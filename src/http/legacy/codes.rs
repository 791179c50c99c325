//! The table of error codes of 2019 (legacy-2019 14), with the statuses of April 2020.
//! The member `ec` has today's code.

use super::super::error::{Failure, Row};
use super::calls::Call;
use crate::model::contract::BadOrder;
use crate::till::Error as TillError;

use Failure::*;

/// `cause` in the words of 2019.
pub(super) fn explain(call: Call, cause: Failure) -> Failure {
    let row = row(call, &cause).unwrap_or_else(|| cause.row());
    Legacy(row, Box::new(cause))
}

/// Status, code and hint of 2019; `None` where today's will do.
#[rustfmt::skip]
fn row(call: Call, cause: &Failure) -> Option<Row> {
    let (status, code, hint) = match (call, cause) {
        (_, Json(_) | Compression)                      => (400, 1006, "the request's body is not valid JSON"),
        (_, Missing(_))                                 => (400, 1008, "a required parameter is missing"),
        (Call::History, Till(TillError::InvalidField(_)))           => (400, 2200, "the date is too far in the future"),
        (_, Malformed(_) | Till(TillError::InvalidField(_)))        => (400, 1009, "a parameter is malformed"),
        (_, Segment)                                    => (404, 2000, "there is no such instance"),
        (_, Till(TillError::InstanceDeleted(_)))             => (404, 2000, "there is no such instance"),
        (Call::Pay, Removed(_))                        => (410, 2121, "wallet too old"),
        (_, Removed(_))                                => (410, 2701, "tips were removed from Taler"),

        (Call::Order, Till(TillError::Order(bad)))           => match bad {
            BadOrder::Shape(_)                          => (400, 1007, "no contract can be made of this order"),
            BadOrder::Currency                          => (400, 2509, "the amount is in a currency that is not this backend's"),
            BadOrder::Choices                           => return None,
            _                                           => (400, 1009, "a parameter is malformed"),
        },
        (Call::Order, Till(TillError::NoAccount(_)))         => (404, 2002, "the instance has no such bank account"),
        (Call::Order, Till(TillError::OrderExists(_)))       => (409, 2508, "there is an order of this name with other content"),
        (Call::Order, Till(TillError::NoExchange | TillError::NoneCanWire)) => (400, 2509, "no trusted exchange has coins in this currency"),
        (Call::Order, Till(TillError::Store(_)))             => (cause.row().status, 2506, "the database did not answer"),

        (Call::Proposal, Till(TillError::ClaimUnknown))      => (404, 2503, "there is no such order, or it needs another token"),
        (Call::Proposal, Till(TillError::AlreadyClaimed(_))) => (400, 2503, "another wallet has claimed the order"),
        (Call::Proposal, Till(TillError::Store(_)))          => (cause.row().status, 2502, "the database did not answer"),

        (Call::CheckPayment, Till(TillError::OrderUnknown(_))) => (404, 2913, "there is no such order"),
        (Call::CheckPayment, Till(TillError::Store(_)))      => (cause.row().status, 2912, "the database did not answer"),
        (Call::CheckPayment, Till(TillError::Damaged(_)))    => (500, 2911, "the contract cannot be read"),

        (Call::PollPayment, Till(TillError::ContractUnknown)) => (404, 2250, "there is no such contract"),
        (Call::PollPayment, Till(TillError::Store(_)))       => (cause.row().status, 2117, "the database did not answer"),

        (Call::Refund | Call::PickUp, Till(TillError::OrderUnknown(_))) => (404, 2601, "there is no such order"),
        (Call::Refund | Call::PickUp, Till(TillError::Store(_))) => (cause.row().status, 2603, "the database did not answer"),
        (Call::PickUp, NoRefund)                        => (404, 2607, "nothing was refunded"),
        (Call::Refund, Till(TillError::RefundCurrency))      => (400, 1009, "the refund is in another currency than the price"),
        (Call::Refund, Till(
            TillError::RefundInconsistent | TillError::RefundOfUnpaid | TillError::RefundNotAllowed | TillError::RefundTooLate
        ))                                              => (409, 2602, "the refund is more than can be refunded"),

        (Call::History, Till(TillError::Store(_)))           => (cause.row().status, 2201, "the database did not answer"),
        _ => return None,
    };
    Some(Row { status, code, hint })
}
