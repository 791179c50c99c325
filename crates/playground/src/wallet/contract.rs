//! What a shop offers, and whether it is what was asked for (merchant-api 3.1, 11).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Error;
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::ids::OrderId;
use taler::sign::merchant::ContractOffer;
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::{RelativeTime, Timestamp};
use taler::web::{BaseUrl, FulfillmentUrl};
use taler::{canonical, contract};

/// A contract, as text and read. The shop's signature under it was checked when it was claimed.
#[derive(Clone, Debug)]
pub(super) struct Contract {
    /// The text, word for word as the shop sent it.
    pub(super) text: String,
    /// Its hash, by which all others know it.
    pub(super) hash: HashCode,
    /// What concerns the payment.
    pub(super) terms: Terms,
}

/// The members of a contract that a wallet needs (merchant-api 11.1).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Terms {
    pub(super) amount: Amount,
    pub(super) max_fee: Amount,
    pub(super) summary: String,
    pub(super) order_id: OrderId,
    merchant_base_url: String,
    pub(super) merchant_pub: PublicKey,
    nonce: PublicKey,
    pub(super) h_wire: HashCode,
    pub(super) timestamp: Timestamp,
    pub(super) refund_deadline: Option<Timestamp>,
    pub(super) pay_deadline: Timestamp,
    /// For how long the shop may grant a refund by itself.
    pub(super) auto_refund: Option<RelativeTime>,
    pub(super) fulfillment_url: Option<FulfillmentUrl>,
    pub(super) exchanges: Vec<Accepted>,
}

/// An exchange whose coins the shop takes.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Accepted {
    pub(super) url: BaseUrl,
    pub(super) master_pub: PublicKey,
}

/// The answer to a claim.
#[derive(Deserialize)]
pub(super) struct Claimed {
    contract_terms: Box<RawValue>,
    pub(super) sig: Signature,
}

/// What was asked for: which order of which shop, by whom.
pub(super) struct Asked<'a> {
    pub(super) base: &'a BaseUrl,
    pub(super) order: &'a OrderId,
    pub(super) nonce: &'a PublicKey,
}

impl Contract {
    /// Reads a contract: it must be one that all programs hash alike.
    pub(super) fn read(text: String) -> Result<Self, Error> {
        let value = canonical::parse(&text)
            .map_err(|_| Error::Nonsense("the contract has JSON that contracts may not have"))?;
        contract::validate(&value)
            .map_err(|_| Error::Nonsense("the contract has names that contracts may not have"))?;
        let hash = contract::contract_hash(&value)
            .map_err(|_| Error::Nonsense("the contract cannot be hashed"))?;
        // A contract of another version lacks members of this one, so it is asked for first.
        if !matches!(value.get("version").map(|version| version.as_u64()), None | Some(Some(0))) {
            return Err(Error::Nonsense("the contract is of a version that we do not know"));
        }
        let terms: Terms = serde_json::from_value(value)
            .map_err(|_| Error::Nonsense("the contract lacks what a payment needs"))?;
        Ok(Self { text, hash, terms })
    }

    /// Reads the answer to a claim and checks it. What does not hold will never hold.
    pub(super) fn of_claim(claimed: &Claimed, asked: &Asked<'_>) -> Result<Self, Error> {
        let contract = Self::read(claimed.contract_terms.get().to_owned())?;
        let terms = &contract.terms;
        let offer = ContractOffer { h_contract: contract.hash };
        let complaint = if !offer.verify(&terms.merchant_pub, &claimed.sig) {
            "the shop has not signed the contract"
        } else if terms.nonce != *asked.nonce {
            "the contract is for somebody else"
        } else if terms.merchant_base_url != asked.base.as_str() {
            "the contract is of another shop"
        } else if terms.order_id != *asked.order {
            "the contract is for another order"
        } else if terms.amount.currency() != terms.max_fee.currency() {
            "the contract mixes currencies"
        } else {
            return Ok(contract);
        };
        Err(Error::Nonsense(complaint))
    }

    /// The page of what is bought, if it is one.
    pub(super) fn page(&self) -> Option<&FulfillmentUrl> {
        self.terms.fulfillment_url.as_ref().filter(|url| url.is_web())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use taler::sign::SigningKey;

    fn shop() -> SigningKey {
        SigningKey::from_seed([1; 32])
    }

    fn offered() -> Value {
        json!({
            "amount": "KUDOS:5", "max_fee": "KUDOS:0.1", "summary": "Tea", "order_id": "O-1",
            "merchant_base_url": "https://shop.example/", "merchant_pub": shop().public_key(),
            "nonce": SigningKey::from_seed([2; 32]).public_key(), "h_wire": HashCode::ZERO,
            "timestamp": { "t_s": 1 }, "refund_deadline": { "t_s": 2 },
            "pay_deadline": { "t_s": 3 }, "wire_transfer_deadline": { "t_s": 4 },
            "exchanges": [{ "url": "https://exchange.example/", "master_pub": shop().public_key() }],
        })
    }

    /// What is made of this offer, signed by the shop.
    fn read(offered: &Value) -> Result<Contract, String> {
        let h_contract = contract::contract_hash(offered).unwrap();
        let sig = ContractOffer { h_contract }.sign(&shop());
        answered(&json!({ "contract_terms": offered, "sig": sig }))
    }

    fn answered(answer: &Value) -> Result<Contract, String> {
        let claimed: Claimed = serde_json::from_str(&answer.to_string()).unwrap();
        let asked = Asked {
            base: &BaseUrl::parse("https://shop.example/").unwrap(),
            order: &OrderId::parse("O-1").unwrap(),
            nonce: &SigningKey::from_seed([2; 32]).public_key(),
        };
        Contract::of_claim(&claimed, &asked).map_err(|error| error.to_string())
    }

    #[test]
    fn an_offer_is_taken_as_it_was_asked_for() {
        let contract = read(&offered()).unwrap();
        assert_eq!(contract.hash, contract::contract_hash(&offered()).unwrap());
        assert_eq!(contract.terms.amount.to_string(), "KUDOS:5");
        assert_eq!(Contract::read(contract.text.clone()).unwrap().hash, contract.hash);
    }

    #[test]
    fn an_offer_that_is_another_one_is_not_believed() {
        let other = SigningKey::from_seed([3; 32]).public_key();
        for (member, value, complaint) in [
            ("nonce", json!(other), "somebody else"),
            ("merchant_base_url", json!("https://shop.example/other/"), "another shop"),
            ("merchant_base_url", json!("http://shop.example/"), "another shop"),
            ("order_id", json!("O-2"), "another order"),
            ("merchant_pub", json!(other), "has not signed"),
            ("max_fee", json!("EUR:0.1"), "mixes currencies"),
            ("amount", json!("5"), "lacks"),
            ("version", json!(1), "of a version"),
            ("version", json!("0"), "of a version"),
            ("a b", json!(1), "names"),
        ] {
            let mut offered = offered();
            offered[member] = value;
            let said = read(&offered).unwrap_err();
            assert!(said.contains(complaint), "{member}: {said}");
        }
    }

    #[test]
    fn a_signature_under_something_else_is_none() {
        let sig = ContractOffer { h_contract: HashCode::ZERO }.sign(&shop());
        let said = answered(&json!({ "contract_terms": offered(), "sig": sig })).unwrap_err();
        assert!(said.contains("has not signed"), "{said}");
    }

    #[test]
    fn json_that_programs_read_differently_is_refused() {
        let text =
            offered().to_string().replace("\"summary\":\"Tea\"", "\"summary\":\"Tea\",\"x\":1.0");
        assert!(text.contains("1.0"));
        assert!(Contract::read(text).is_err());
        let twice = offered().to_string().replacen('{', "{\"summary\":\"Coffee\",", 1);
        assert!(Contract::read(twice).is_err());
    }

    #[test]
    fn a_page_is_one_only_on_the_web() {
        for (url, is_page) in
            [("https://a.example/", true), ("taler://fulfillment-success/Thanks", false)]
        {
            let mut offered = offered();
            offered["fulfillment_url"] = json!(url);
            assert_eq!(read(&offered).unwrap().page().is_some(), is_page, "{url}");
        }
    }
}
