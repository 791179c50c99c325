//! An exchange as far as its list of keys goes: truly signed, answered or not.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use system::clock::Clock;
use taler::amount::Amount;
use taler::canonical::json_hash;
use taler::coin::age::AgeMask;
use taler::coin::cs::CsPublicKey;
use taler::coin::denomination::DenominationKey;
use taler::sign::exchange::{Account, DenominationValidity, KeySet, SigningKeyValidity};
use taler::sign::{SigningKey, Statement};
use taler::time::{RelativeTime, Timestamp};

/// What the exchange does with a client that asks.
pub(crate) enum Manners {
    /// Tells its keys.
    Tells(Value),
    /// Hangs up.
    HangsUp,
    /// Says nothing, for as long as the other side stays.
    Silent,
}

pub(crate) struct Exchange {
    pub(crate) address: SocketAddr,
    pub(crate) master: SigningKey,
    manners: Arc<Mutex<Manners>>,
}

impl Exchange {
    /// One that hangs up.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let manners = Arc::new(Mutex::new(Manners::HangsUp));
        let own = manners.clone();
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = match &*own.lock().unwrap() {
                    Manners::Tells(keys) => keys.to_string(),
                    Manners::HangsUp => continue,
                    Manners::Silent => {
                        silent.push(stream);
                        continue;
                    }
                };
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                assert!(lines.next().is_some_and(|line| line.starts_with("GET /keys ")));
                assert!(lines.any(|line| line.is_empty()));
                let length = answer.len();
                // A client that is gone does not hear it.
                let _ = write!(
                    &stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                     Content-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
                );
            }
        });
        Self { address, master: SigningKey::from_seed([1; 32]), manners }
    }

    pub(crate) fn behave(&self, manners: Manners) {
        *self.manners.lock().unwrap() = manners;
    }

    /// The settings of a till that trusts it.
    pub(crate) fn settings(&self) -> String {
        format!(
            "[[exchange]]\nbase_url = 'http://{}/'\nmaster_public_key = '{}'\ncurrency = 'KUDOS'\n",
            self.address,
            self.master.public_key()
        )
    }

    /// Its list of keys, signed by `master`. It pays accounts whose address has `pays` in it.
    pub(crate) fn keys(&self, master: &SigningKey, pays: &str) -> Value {
        self.keys_issued_in(master, pays, 0)
    }

    /// The same, by a clock that is so many seconds ahead.
    pub(crate) fn keys_issued_in(&self, master: &SigningKey, pays: &str, ahead: u64) -> Value {
        let ahead = RelativeTime::from_secs(ahead).unwrap();
        let now = Clock::system().now().saturating_add(ahead);
        let later = |secs| now.saturating_add(RelativeTime::from_secs(secs).unwrap());
        let signing = SigningKey::from_seed([2; 32]);
        let (master_pub, signing_pub) = (master.public_key(), signing.public_key());
        let coin = CsPublicKey::new([5; 32]);
        let [value, fee] = ["KUDOS:2", "KUDOS:0.01"].map(|text| Amount::parse(text).unwrap());
        let denomination = DenominationValidity {
            master_pub,
            start_us: now.to_micros(),
            expire_withdraw_us: later(1000).to_micros(),
            expire_deposit_us: later(2000).to_micros(),
            expire_legal_us: Timestamp::NEVER.to_micros(),
            value: value.to_nbo(),
            fee_withdraw: fee.to_nbo(),
            fee_deposit: fee.to_nbo(),
            fee_refresh: fee.to_nbo(),
            fee_refund: fee.to_nbo(),
            h_denom: DenominationKey::Cs(coin).hash(AgeMask::NONE),
        }
        .sign(master);
        let signing_key = SigningKeyValidity {
            start_us: now.to_micros(),
            expire_us: later(9000).to_micros(),
            end_us: Timestamp::NEVER.to_micros(),
            key: signing_pub,
        };
        let payto = "payto://iban/DE75512108001245126199?receiver-name=Exchange";
        let debits = json!([{ "type": "regex", "payto_regex": pays, "human_hint": "few" }]);
        let account = Account {
            payto,
            conversion_url: None,
            h_debit_restrictions: json_hash(&debits).unwrap(),
            h_credit_restrictions: json_hash(&json!([])).unwrap(),
        };
        let list = KeySet { list_issue_date_us: now.to_micros(), master_sigs: &[denomination] };
        json!({
            "version": "25:0:8",
            "base_url": format!("http://{}/", self.address),
            "currency": "KUDOS",
            "master_public_key": master_pub,
            "exchange_pub": signing_pub,
            "exchange_sig": list.sign(&signing),
            "list_issue_date": now,
            "signkeys": [{
                "key": signing_pub,
                "stamp_start": now,
                "stamp_expire": later(9000),
                "stamp_end": Timestamp::NEVER,
                "master_sig": signing_key.sign(master),
            }],
            "denominations": [{
                "cipher": "CS",
                "value": value,
                "fee_withdraw": fee,
                "fee_deposit": fee,
                "fee_refresh": fee,
                "fee_refund": fee,
                "denoms": [{
                    "master_sig": denomination,
                    "stamp_start": now,
                    "stamp_expire_withdraw": later(1000),
                    "stamp_expire_deposit": later(2000),
                    "stamp_expire_legal": Timestamp::NEVER,
                    "cs_pub": coin,
                }],
            }],
            "accounts": [{
                "payto_uri": payto,
                "debit_restrictions": debits,
                "credit_restrictions": [],
                "master_sig": account.sign(master),
            }],
            "wire_fees": {},
        })
    }
}
