//! Asks an exchange what became of a deposit: whether it has it, and with which transfer it pays the shop
//! (crypto 6.4, 8.9 and 14.4).

use serde::Deserialize;

use super::{Error, Exchange};
use taler::amount::Amount;
use taler::base32::{HashCode, ShortHash};
use taler::exchange::Keys;
use taler::sign::exchange::WireConfirmation;
use taler::sign::merchant::DepositQuestion;
use taler::sign::{PublicKey, Signature, SigningKey, Statement};
use taler::time::Timestamp;

/// The exchange's word that it knows no such deposit (`EXCHANGE_DEPOSITS_GET_NOT_FOUND`).
pub const DEPOSIT_UNKNOWN: u32 = 1100;

/// Which deposit is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WhichDeposit {
    /// The coin.
    pub coin_pub: PublicKey,
    /// The contract that it paid for.
    pub h_contract: HashCode,
    /// The shop's account, as the contract names it.
    pub h_wire: HashCode,
}

/// What an exchange says of a deposit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DepositState {
    /// It has none.
    Unknown,
    /// It has it, and will pay the shop. This answer is not signed.
    Waiting(NotWired),
    /// It has it, and has paid the shop.
    Wired(WiredDeposit),
}

/// A deposit that an exchange has not wired yet: the answer 202.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct NotWired {
    /// When it means to wire it; this may be over.
    pub execution_time: Timestamp,
    /// Whether it knows all of the shop that it must know before it wires anything.
    #[serde(default = "nothing_is_asked")]
    pub kyc_ok: bool,
    /// Names what it asks of the shop.
    #[serde(default)]
    pub requirement_row: Option<u64>,
    /// The key that it knows as the account's.
    #[serde(default)]
    pub account_pub: Option<PublicKey>,
}

const fn nothing_is_asked() -> bool {
    true
}

/// A deposit that an exchange has wired: the answer 200. Its signature holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct WiredDeposit {
    /// The transfer with which it was paid.
    pub wtid: ShortHash,
    /// When that was made.
    pub execution_time: Timestamp,
    /// What the coin brought, without the deposit fee; refunds are not taken off (observed-exchange 2), so that
    /// nothing may be settled from it.
    pub coin_contribution: Amount,
    /// With which key the exchange signed.
    pub exchange_pub: PublicKey,
    /// The signature with that key.
    pub exchange_sig: Signature,
}

impl Exchange {
    /// Asks whether the exchange has a coin for a contract. `merchant` is the shop's key.
    ///
    /// # Errors
    /// [`Error::Refused`] for every refusal but that there is no such deposit; otherwise as
    /// everywhere.
    pub async fn deposit_state(
        &self,
        keys: &Keys,
        which: &WhichDeposit,
        merchant: &SigningKey,
    ) -> Result<DepositState, Error> {
        let WhichDeposit { coin_pub, h_contract, h_wire } = *which;
        let merchant_sig = DepositQuestion { h_contract, h_wire, coin_pub }.sign(merchant);
        let mut url = self.url(&[
            "deposits",
            &h_wire.to_string(),
            &merchant.public_key().to_string(),
            &h_contract.to_string(),
            &coin_pub.to_string(),
        ]);
        url.push_str("?merchant_sig=");
        url.push_str(&merchant_sig.to_string());
        let malformed = |error: serde_json::Error| Error::Malformed(error.to_string());
        match self.0.http.get(&url, &[200, 202]).await {
            Ok((202, reply)) => {
                let waiting = NotWired::deserialize(&reply).map_err(malformed)?;
                Ok(DepositState::Waiting(waiting))
            }
            Ok((_, reply)) => {
                let wired = WiredDeposit::deserialize(&reply).map_err(malformed)?;
                self.verify_signing_key(keys, &wired.exchange_pub, wired.execution_time).await?;
                match wired.holds(which) {
                    true => Ok(DepositState::Wired(wired)),
                    false => Err(Error::Unconfirmed),
                }
            }
            Err(Error::Refused { status: 404, code: Some(DEPOSIT_UNKNOWN), .. }) => {
                Ok(DepositState::Unknown)
            }
            Err(error) => Err(error),
        }
    }
}

impl WiredDeposit {
    /// Whether it is the exchange's signed answer about this deposit.
    fn holds(&self, which: &WhichDeposit) -> bool {
        let statement = WireConfirmation {
            h_wire: which.h_wire,
            h_contract: which.h_contract,
            wtid: self.wtid,
            coin_pub: which.coin_pub,
            execution_time_us: self.execution_time.to_micros(),
            coin_contribution: self.coin_contribution.to_nbo(),
        };
        statement.verify(&self.exchange_pub, &self.exchange_sig)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As an unmodified exchange of December 2024 was asked and answered.
    const H_WIRE: &str = "A3J8HMD4V7M0FF3XFH6SN716HMZ06W7KNJV823QPPZH2DDKMARAXK309V6MJ4XZ6ENRQTFJ70HPBPA30D0AGTD8CZMG85KRZNMNM6B0";
    const MERCHANT: &str = "X7X3Y5Q0JG2S42HGHSPSRF4MGQVJHS8Z5WY3ZRS27WVRCYC8X8EG";
    const H_CONTRACT: &str = "4AXXCP4E8VYBWRN92N411Z4WM3TP8M2B4KAE4SZJ8VXHGDX87YEEYJMXZEJHNBPN56PDPRN23KPGKD7KNC5A9NRFY0TB9H5R4FFA0AG";
    const COIN: &str = "GCPRPYBDJK057ZW9WC69BPDY7AGVA8JXKM3N0ND6C002C56PDAC0";
    const MERCHANT_SIG: &str = "NZM9W276JVNSJFQJ1CPRY6P9BH98QHRNA3SZAGDMM77QZZG62JP39R0442W8WQ174YFB3H44JNFNBRXC0BMM8Q4KA2KV14H11WRW22R";

    fn which() -> WhichDeposit {
        WhichDeposit {
            coin_pub: COIN.parse().unwrap(),
            h_contract: H_CONTRACT.parse().unwrap(),
            h_wire: H_WIRE.parse().unwrap(),
        }
    }

    #[test]
    fn a_real_exchange_is_asked_in_words_that_it_took_and_its_answer_holds() {
        let WhichDeposit { coin_pub, h_contract, h_wire } = which();
        let question = DepositQuestion { h_contract, h_wire, coin_pub };
        let merchant: PublicKey = MERCHANT.parse().unwrap();
        assert!(question.verify(&merchant, &MERCHANT_SIG.parse().unwrap()));
        let reported: WiredDeposit = serde_json::from_value(json!({
            "wtid": "VN1PTFCQWC08THWMJ89329CYPXB7PAYKVGMX56XBP551VKK6CYCG",
            "execution_time": { "t_s": 1796013699 },
            "coin_contribution": "KUDOS:2.2",
            "exchange_sig": "1GAG4341ZPVESW2VJ19JRHQZQ5JDQPFHJ11Z6QSMZT7MFJBJMPRVKRTBES89Z6GEQ5CCC6F2CHN0Q3XTEVDF95VH1XBTVY7N6GT242R",
            "exchange_pub": "TEEX9N9ZRXKWPV7ZRZJKTYM31BJ8ZQW6WGXZ1F159S7N55HCKD0G",
        }))
        .unwrap();
        assert!(reported.holds(&which()));
        let other = WhichDeposit { coin_pub: merchant, ..which() };
        assert!(!reported.holds(&other));
        let less = WiredDeposit { coin_contribution: "KUDOS:2.1".parse().unwrap(), ..reported };
        assert!(!less.holds(&which()));
    }

    #[test]
    fn a_real_exchanges_answer_before_it_has_wired_is_understood() {
        for waiting in [
            json!({ "kyc_ok": true, "execution_time": { "t_s": 1_796_019_753 } }),
            json!({ "kyc_ok": false, "requirement_row": 1, "execution_time": { "t_s": 1 } }),
        ] {
            assert!(NotWired::deserialize(&waiting).is_ok(), "{waiting}");
        }
    }
}
