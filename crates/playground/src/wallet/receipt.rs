//! Repurchases: shows the receipt of an earlier payment instead of paying again (merchant-api 3.1 and 3.6).

use serde::Deserialize;
use serde_json::json;

use super::contract::Contract;
use super::pay::{How, Paid};
use super::purchases::{self, Purchase};
use super::{Error, Wallet};
use taler::amount::Amount;
use taler::taler_uri::Pay;

/// As much of an order's status as tells whether it is still worth something.
#[derive(Deserialize)]
struct Status {
    refund_amount: Amount,
}

impl Wallet {
    /// A paid purchase of the same page from the same shop, unless it was refunded wholly.
    pub(super) async fn bought_before(
        &self,
        purchase: &Purchase,
        contract: &Contract,
    ) -> Result<Option<Purchase>, Error> {
        let Some(page) = contract.page().cloned() else { return Ok(None) };
        let (base, merchant) = (purchase.base.clone(), contract.terms.merchant_pub);
        let bought = self.look(move |db| purchases::bought(db, &base, &merchant, &page)).await?;
        for old in bought {
            let terms = old.contract()?;
            let url = old.base.join(&["orders", old.order.as_str()]);
            let url = format!("{url}?h_contract={}", terms.hash);
            let reply = self.0.http.insist_get(&url, self.0.patience).await?;
            // Whatever the shop no longer stands by has to be bought again.
            if reply.status == 200 && reply.json::<Status>()?.refund_amount != terms.terms.amount {
                return Ok(Some(old));
            }
        }
        Ok(None)
    }

    /// Binds something paid to the session that was asked for, if any was (merchant-api 3.6).
    pub(super) async fn show_receipt(
        &self,
        pay: &Pay,
        purchase: &Purchase,
        how: How,
    ) -> Result<Paid, Error> {
        let contract = purchase.contract()?;
        if let Some(session) = &pay.session {
            let body = json!({
                "sig": purchase.receipt,
                "h_contract": contract.hash,
                "session_id": session,
            });
            let url = purchase.url("paid");
            let reply = self.0.http.insist_post(&url, &body, self.0.patience).await?;
            if !matches!(reply.status, 200 | 204) {
                return Err(reply.refusal());
            }
            let (serial, session) = (purchase.serial, session.clone());
            self.change(move |tx| purchases::set_session(tx, serial, Some(&session))).await?;
        }
        Ok(Paid {
            order: pay.order.clone(),
            summary: contract.terms.summary,
            spent: Amount::zero(*contract.terms.amount.currency()),
            amount: contract.terms.amount,
            fulfillment_url: contract.terms.fulfillment_url,
            how,
        })
    }
}
