//! Messages beside a form for the errors of use cases.

use super::form::FormState;
use crate::model::contract::BadOrder;
use crate::till::{Error, Till};
use taler::amount::{Amount, Currency};
use taler::currency::CurrencySpecification;
use ui::money::{self, BadNumber};
use ui::{Messages, messages};

/// Why it did not go, in plain words, and the status that says the same; `None` for what no page can
/// mend.
pub(super) fn refusal(error: &Error, messages: &Messages) -> Option<&'static str> {
    Some(match error {
        Error::AlreadyPaid(_) => messages.already_paid,
        Error::AwaitingPayment => messages.awaiting_payment,
        Error::MustBeKept => messages.must_be_kept,
        Error::RefundOfUnpaid => messages.refund_of_unpaid,
        Error::RefundNotAllowed => messages.refund_not_allowed,
        Error::RefundTooLate => messages.refund_too_late,
        Error::RefundInconsistent | Error::RefundCurrency => messages.refund_inconsistent,
        Error::RefundBelowFee => messages.refund_below_fee,
        Error::NoAccount(_) => messages.no_account,
        Error::NoExchange | Error::NoneCanWire => messages.no_exchange,
        Error::Order(BadOrder::Currency) => messages.unknown_currency,
        Error::Order(BadOrder::PayDeadlinePast) => messages.pay_deadline_past,
        Error::Order(BadOrder::RefundDeadlinePast | BadOrder::WireBeforeRefund) => {
            messages.deadlines_clash
        }
        _ => return None,
    })
}

/// The currencies of prices, the default first: those of the exchanges;
/// without any exchange, the till's own.
pub(super) fn currencies(till: &Till) -> Vec<Currency> {
    let offered = till.offered_currencies();
    if offered.is_empty() { vec![till.default_currency()] } else { offered }
}

/// The one of `offered` that was chosen in `currency`, else the first; `typed` says so if one was chosen
/// that is offered no more, for its number means another amount.
pub(super) fn currency(
    typed: &mut FormState,
    offered: &[Currency],
    till: &Till,
    messages: &Messages,
) -> CurrencySpecification {
    let chosen = typed.form().some("currency").map(Currency::parse);
    let found = match chosen {
        None => offered.first().copied(),
        Some(chosen) => chosen.ok().filter(|chosen| offered.contains(chosen)),
    };
    if found.is_none() {
        typed.add_error("amount", messages.unknown_currency);
    }
    till.specification(&found.unwrap_or_else(|| till.default_currency()))
}

/// The amount that was typed into `name`, more than nothing; else `None`, and `typed` says why.
pub(super) fn amount(
    typed: &mut FormState,
    name: &'static str,
    currency: &CurrencySpecification,
    messages: &Messages,
) -> Option<Amount> {
    match money::read_strictly(typed.value(name), currency) {
        Ok(amount) if !amount.is_zero() => return Some(amount),
        Ok(_) | Err(BadNumber::NoNumber) => typed.add_error(name, messages.no_amount),
        Err(BadNumber::TooFine) => {
            let digits = currency.input_digits().to_string();
            typed.add_error(name, messages::filled(messages.amount_too_fine, &[&digits]));
        }
    }
    None
}
