//! Refunds a coin at its exchange, so that its owner can spend it again (crypto 8.8, 14.3).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Error, Exchange};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::exchange::Keys;
use taler::sign::exchange::RefundConfirmation;
use taler::sign::{PublicKey, Signature, Statement};

/// A refund of one coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoinRefund {
    /// The coin.
    pub coin_pub: PublicKey,
    /// The contract that it paid for.
    pub h_contract: HashCode,
    /// The shop's key.
    pub merchant_pub: PublicKey,
    /// Tells refunds of the same coin for the same contract apart.
    pub rtransaction_id: u64,
    /// What is taken back, the denomination's refund fee included.
    pub amount: Amount,
    /// By the shop's key: all of this.
    pub merchant_sig: Signature,
}

/// The exchange's word that the coin was refunded, which wallets want to see.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct RefundConfirmed {
    /// With which key it signed.
    pub exchange_pub: PublicKey,
    /// The signature with that key.
    pub exchange_sig: Signature,
}

impl Exchange {
    /// Refunds a coin. Repeated unchanged it gives the same confirmation.
    ///
    /// # Errors
    /// [`Error::Refused`] with the exchange's reasons, such as 410 when it has paid the shop;
    /// otherwise as everywhere.
    pub async fn refund(&self, keys: &Keys, refund: &CoinRefund) -> Result<RefundConfirmed, Error> {
        let url = self.url(&["coins", &refund.coin_pub.to_string(), "refund"]);
        let body = json!({
            "refund_amount": refund.amount,
            "h_contract_terms": refund.h_contract,
            "rtransaction_id": refund.rtransaction_id,
            "merchant_pub": refund.merchant_pub,
            "merchant_sig": refund.merchant_sig,
        });
        let reply = self.post(&url, &body).await?;
        match self.refunded(keys, refund, &reply).await {
            // As with deposits.
            Err(error @ (Error::Unconfirmed | Error::Malformed(_))) => {
                self.warn_unconfirmed(&error);
                let reply = self.post(&url, &body).await?;
                self.refunded(keys, refund, &reply).await
            }
            outcome => outcome,
        }
    }

    async fn refunded(
        &self,
        keys: &Keys,
        refund: &CoinRefund,
        reply: &Value,
    ) -> Result<RefundConfirmed, Error> {
        let confirmed = RefundConfirmed::deserialize(reply)
            .map_err(|error| Error::Malformed(error.to_string()))?;
        // The answer says not when it was signed.
        self.verify_signing_key(keys, &confirmed.exchange_pub, self.0.clock.now()).await?;
        let statement = RefundConfirmation {
            h_contract: refund.h_contract,
            coin_pub: refund.coin_pub,
            merchant_pub: refund.merchant_pub,
            rtransaction_id: refund.rtransaction_id,
            amount: refund.amount.to_nbo(),
        };
        match statement.verify(&confirmed.exchange_pub, &confirmed.exchange_sig) {
            true => Ok(confirmed),
            false => Err(Error::Unconfirmed),
        }
    }
}
