//! An exchange for tests: true keys, truly signed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::Trusted;
use crate::amount::{Amount, Currency};
use crate::canonical;
use crate::coin::age::AgeMask;
use crate::coin::cs::CsPublicKey;
use crate::coin::denomination::DenominationKey;
use crate::coin::rsa::RsaPrivateKey;
use crate::sign::exchange as say;
use crate::sign::{Signature, SigningKey, Statement};
use crate::time::{RelativeTime, Timestamp};
use crate::web::BaseUrl;

/// When the sample's keys begin to be good.
pub const START_S: u64 = 1_800_000_000;

/// The age groups of the sample's coins that have ages.
pub const AGES: u32 = 1 | 1 << 8 | 1 << 18;

static RSA: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::from_seed(&[7; 32], 1024).unwrap());

/// An exchange with its private keys.
pub struct Sample {
    /// Signs what the exchange is believed for.
    pub master: SigningKey,
    /// Signs its answers.
    pub signing: SigningKey,
    /// Where it is.
    pub base_url: BaseUrl,
}

/// The amount that `text` names.
pub fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

/// That many seconds after the sample's keys begin to be good.
pub fn after(secs: u64) -> Timestamp {
    Timestamp::from_secs(START_S + secs).unwrap()
}

impl Sample {
    /// The sample at this address.
    pub fn at(base_url: &str) -> Self {
        Self {
            master: SigningKey::from_seed([1; 32]),
            signing: SigningKey::from_seed([2; 32]),
            base_url: BaseUrl::parse(base_url).unwrap(),
        }
    }

    /// The sample as an operator names it.
    pub fn trusted(&self) -> Trusted {
        Trusted {
            base_url: self.base_url.clone(),
            master_public_key: self.master.public_key(),
            currency: Currency::parse("KUDOS").unwrap(),
        }
    }

    /// The denominations: one without ages, one with, one of the other cipher.
    pub fn denominations() -> [(&'static str, DenominationKey, AgeMask); 3] {
        let rsa = || DenominationKey::Rsa(RSA.public_key().clone());
        let cs = DenominationKey::Cs(CsPublicKey::new([5; 32]));
        [
            ("RSA", rsa(), AgeMask::NONE),
            ("RSA+age_restricted", rsa(), AgeMask::new(AGES)),
            ("CS", cs, AgeMask::NONE),
        ]
    }

    fn group(&self, (cipher, key, ages): &(&str, DenominationKey, AgeMask)) -> (Value, Signature) {
        let fee = |text| amount(text).to_nbo();
        let sig = say::DenominationValidity {
            master_pub: self.master.public_key(),
            start_us: after(0).to_micros(),
            expire_withdraw_us: after(1000).to_micros(),
            expire_deposit_us: after(2000).to_micros(),
            expire_legal_us: after(3000).to_micros(),
            value: fee("KUDOS:2"),
            fee_withdraw: fee("KUDOS:0.01"),
            fee_deposit: fee("KUDOS:0.02"),
            fee_refresh: fee("KUDOS:0.03"),
            fee_refund: fee("KUDOS:0.04"),
            h_denom: key.hash(*ages),
        }
        .sign(&self.master);
        let mut denomination = json!({
            "master_sig": sig,
            "stamp_start": after(0),
            "stamp_expire_withdraw": after(1000),
            "stamp_expire_deposit": after(2000),
            "stamp_expire_legal": after(3000),
        });
        match key {
            DenominationKey::Rsa(key) => denomination["rsa_pub"] = json!(key),
            DenominationKey::Cs(key) => denomination["cs_pub"] = json!(key),
        }
        let mut group = json!({
            "cipher": cipher,
            "value": "KUDOS:2",
            "fee_withdraw": "KUDOS:0.01",
            "fee_deposit": "KUDOS:0.02",
            "fee_refresh": "KUDOS:0.03",
            "fee_refund": "KUDOS:0.04",
            "denoms": [denomination],
        });
        if *ages != AgeMask::NONE {
            group["age_mask"] = json!(ages.bits());
        }
        (group, sig)
    }

    /// The answer to `GET /keys`.
    pub fn keys(&self) -> Value {
        let (groups, sigs): (Vec<_>, Vec<_>) =
            Self::denominations().iter().map(|one| self.group(one)).unzip();
        let signing = say::SigningKeyValidity {
            start_us: after(0).to_micros(),
            expire_us: after(10_000).to_micros(),
            end_us: after(100_000).to_micros(),
            key: self.signing.public_key(),
        };
        let mut answer = json!({
            "version": "23:0:6",
            "base_url": self.base_url,
            "currency": "KUDOS",
            "master_public_key": self.master.public_key(),
            "exchange_pub": self.signing.public_key(),
            "list_issue_date": after(5),
            "signkeys": [{
                "key": self.signing.public_key(),
                "stamp_start": after(0),
                "stamp_expire": after(10_000),
                "stamp_end": after(100_000),
                "master_sig": signing.sign(&self.master),
            }],
            "denominations": groups,
            "accounts": [self.account()],
            "wire_fees": { "iban": [self.wire_fee()] },
            "global_fees": [self.global_fee()],
            "recoup": [],
            "hard_limits": [{
                "operation_type": "DEPOSIT",
                "threshold": "KUDOS:1000",
                "timeframe": { "d_us": 86_400_000_000_u64 },
                "soft_limit": true,
            }],
            "zero_limits": [{ "operation_type": "AGGREGATE" }],
            "stefan_abs": "KUDOS:0.1",
            "stefan_log": "KUDOS:0.2",
            "stefan_lin": 0.005,
            "auditors": [],
        });
        self.sign_list(&mut answer, &sigs);
        answer
    }

    /// Signs the list of denominations, whose signatures these are.
    pub fn sign_list(&self, answer: &mut Value, master_sigs: &[Signature]) {
        let list = say::KeySet { list_issue_date_us: after(5).to_micros(), master_sigs };
        answer["exchange_sig"] = json!(list.sign(&self.signing));
    }

    fn account(&self) -> Value {
        let payto = "payto://iban/DE75512108001245126199?receiver-name=Exchange";
        let debits = json!([{
            "type": "regex", "payto_regex": "^payto://iban/(DE|AT)", "human_hint": "near accounts",
        }]);
        let sig = say::Account {
            payto,
            conversion_url: Some("https://bank.example/convert/"),
            h_debit_restrictions: canonical::json_hash(&debits).unwrap(),
            h_credit_restrictions: canonical::json_hash(&json!([])).unwrap(),
        }
        .sign(&self.master);
        json!({
            "payto_uri": payto,
            "conversion_url": "https://bank.example/convert/",
            "debit_restrictions": debits,
            "credit_restrictions": [],
            "master_sig": sig,
            "priority": 3,
            "bank_label": "A bank",
        })
    }

    fn wire_fee(&self) -> Value {
        let sig = say::WireFees {
            method: "iban",
            start_us: after(0).to_micros(),
            end_us: after(1000).to_micros(),
            wire_fee: amount("KUDOS:0.05").to_nbo(),
            closing_fee: amount("KUDOS:0.06").to_nbo(),
        }
        .sign(&self.master);
        json!({
            "wire_fee": "KUDOS:0.05",
            "closing_fee": "KUDOS:0.06",
            "start_date": after(0),
            "end_date": after(1000),
            "sig": sig,
        })
    }

    fn global_fee(&self) -> Value {
        let hour = RelativeTime::from_secs(3600).unwrap();
        let sig = say::GlobalFees {
            start_us: after(0).to_micros(),
            end_us: after(1000).to_micros(),
            purse_timeout_us: hour.to_micros(),
            history_expiration_us: RelativeTime::FOREVER.to_micros(),
            history_fee: amount("KUDOS:0.07").to_nbo(),
            account_fee: amount("KUDOS:0.08").to_nbo(),
            purse_fee: amount("KUDOS:0.09").to_nbo(),
            purse_account_limit: 4,
        }
        .sign(&self.master);
        json!({
            "start_date": after(0),
            "end_date": after(1000),
            "purse_timeout": hour,
            "history_expiration": RelativeTime::FOREVER,
            "purse_account_limit": 4,
            "history_fee": "KUDOS:0.07",
            "account_fee": "KUDOS:0.08",
            "purse_fee": "KUDOS:0.09",
            "master_sig": sig,
        })
    }
}
