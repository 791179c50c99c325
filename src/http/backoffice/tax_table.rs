//! Prices by rates of tax, as a table of net, tax and gross.

use super::super::pages::tax_rows::{TaxRow, plain_tax_rows};
use super::web_session::WebSession;
use crate::model::tax::TaxSums;
use crate::till::{Till, Total};

/// The table; there is none where nothing says of taxes.
pub(super) struct TaxTable {
    /// The currency of all numbers.
    pub(super) currency: String,
    /// What was paid, what was refunded, what is left; only the first has no heading where it is alone.
    pub(super) parts: Vec<TaxPart>,
}

/// Rows of one kind.
pub(super) struct TaxPart {
    pub(super) heading: Option<&'static str>,
    pub(super) rows: Vec<TaxRow>,
}

impl TaxTable {
    /// Of what was paid and refunded in one currency.
    pub(super) fn of_total(total: &Total, web_session: &WebSession, till: &Till) -> Option<Self> {
        let (paid, refunded) = (&total.paid_taxes, &total.refunded_taxes);
        if !paid.says_taxes() && !refunded.says_taxes() {
            return None;
        }
        let (messages, currency) = (web_session.messages(), total.paid.currency().to_string());
        let rows = |sums: &TaxSums| rows(sums, web_session, till);
        let mut parts = vec![TaxPart { heading: Some(messages.sum_paid), rows: rows(paid) }];
        if total.refunds > 0 {
            parts.push(TaxPart { heading: Some(messages.sum_refunded), rows: rows(refunded) });
        }
        Some(Self { currency, parts })
    }

    /// Of one order: its price, and what refunds leave of it.
    pub(super) fn of_order(
        price: &TaxSums,
        left: &TaxSums,
        web_session: &WebSession,
        till: &Till,
    ) -> Option<Self> {
        if !price.says_taxes() {
            return None;
        }
        let currency = price.gross().currency().to_string();
        let mut parts = vec![TaxPart { heading: None, rows: rows(price, web_session, till) }];
        if left != price {
            let heading = Some(web_session.messages().after_refunds);
            parts.push(TaxPart { heading, rows: rows(left, web_session, till) });
        }
        Some(Self { currency, parts })
    }
}

fn rows(sums: &TaxSums, web_session: &WebSession, till: &Till) -> Vec<TaxRow> {
    plain_tax_rows(sums, &till.policy().currencies, web_session.context().locale)
}
