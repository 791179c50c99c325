//! What a verb refused, as the shopkeeper reads it beside the form.

use super::form::Typed;
use crate::model::contract::BadOrder;
use crate::till::{Error, Terms};
use taler::amount::{Amount, Currency};
use taler::currency::CurrencySpecification;
use ui::money::{self, BadNumber};
use ui::{Words, words};

/// Why it did not go, in plain words, and the status that says the same; `None` for what no page can
/// mend.
pub(super) fn refusal(error: &Error, words: &Words) -> Option<&'static str> {
    Some(match error {
        Error::AlreadyPaid(_) => words.already_paid,
        Error::AwaitingPayment => words.awaiting_payment,
        Error::MustBeKept => words.must_be_kept,
        Error::RefundOfUnpaid => words.refund_of_unpaid,
        Error::RefundNotAllowed => words.refund_not_allowed,
        Error::RefundTooLate => words.refund_too_late,
        Error::RefundInconsistent | Error::RefundCurrency => words.refund_inconsistent,
        Error::RefundBelowFee => words.refund_below_fee,
        Error::NoAccount(_) => words.no_account,
        Error::NoExchange | Error::NoneCanWire => words.no_exchange,
        Error::Order(BadOrder::Currency) => words.unknown_currency,
        Error::Order(BadOrder::PayDeadlinePast) => words.pay_deadline_past,
        Error::Order(BadOrder::RefundDeadlinePast | BadOrder::WireBeforeRefund) => {
            words.deadlines_clash
        }
        _ => return None,
    })
}

/// How amounts in `currency` are written.
pub(super) fn specification(terms: &Terms, currency: &Currency) -> CurrencySpecification {
    let known = terms.currencies.iter().find(|one| one.currency() == currency);
    known.cloned().unwrap_or_else(|| CurrencySpecification::shipped(*currency))
}

/// The amount that was typed into `name`, more than nothing; else `None`, and `typed` says why.
pub(super) fn amount(
    typed: &mut Typed,
    name: &'static str,
    currency: &CurrencySpecification,
    words: &Words,
) -> Option<Amount> {
    match money::read_strictly(typed.value(name), currency) {
        Ok(amount) if !amount.is_zero() => return Some(amount),
        Ok(_) | Err(BadNumber::NoNumber) => typed.complain(name, words.no_amount),
        Err(BadNumber::TooFine) => {
            let digits = currency.input_digits().to_string();
            typed.complain(name, words::filled(words.amount_too_fine, &[&digits]));
        }
    }
    None
}
