//! `GET /keys`: its content, its signatures, and its changes over the years.

use serde_json::{Value, json};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::canonical;
use taler::coin::age::AgeMask;
use taler::coin::denomination::DenominationKey;
use taler::sign::exchange::{
    Account, DenominationValidity, GlobalFees, KeySet, SigningKeyValidity, WireFees,
};
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::Timestamp;

use super::{Merchant, failure, read};
use crate::common::exchange::{Denomination, Exchange};

fn micros(value: &Value) -> u64 {
    read::<Timestamp>(value).to_micros()
}

fn amount(value: &Value) -> [u8; 24] {
    read::<Amount>(value).to_nbo()
}

/// Each denomination that is listed, with its group.
fn denominations(keys: &Value) -> Vec<(&Value, &Value)> {
    let groups = keys["denominations"].as_array().unwrap().iter();
    groups.flat_map(|g| g["denoms"].as_array().unwrap().iter().map(move |d| (g, d))).collect()
}

/// Whether the key that the list names has signed it.
pub(super) fn is_signed(keys: &Value) -> bool {
    let master_sigs: Vec<Signature> =
        denominations(keys).iter().map(|(_, denom)| read(&denom["master_sig"])).collect();
    let list =
        KeySet { list_issue_date_us: micros(&keys["list_issue_date"]), master_sigs: &master_sigs };
    list.verify(&read(&keys["exchange_pub"]), &read(&keys["exchange_sig"]))
}

/// Whether the key that the list names is listed.
pub(super) fn lists_signer(keys: &Value) -> bool {
    keys["signkeys"].as_array().unwrap().iter().any(|key| key["key"] == keys["exchange_pub"])
}

/// Fails unless `master` vouches for all that is listed.
pub(super) fn assert_vouched(keys: &Value, master: &PublicKey) {
    assert_eq!(keys["master_public_key"], json!(master));
    let signkeys = keys["signkeys"].as_array().unwrap();
    assert!(!signkeys.is_empty());
    for key in signkeys {
        let statement = SigningKeyValidity {
            start_us: micros(&key["stamp_start"]),
            expire_us: micros(&key["stamp_expire"]),
            end_us: micros(&key["stamp_end"]),
            key: read(&key["key"]),
        };
        assert!(statement.verify(master, &read(&key["master_sig"])), "{key}");
    }
    for (group, denom) in denominations(keys) {
        let ages = group.get("age_mask").map_or(AgeMask::NONE, read);
        assert_eq!(group["cipher"] == "RSA+age_restricted", ages != AgeMask::NONE);
        let statement = DenominationValidity {
            master_pub: *master,
            start_us: micros(&denom["stamp_start"]),
            expire_withdraw_us: micros(&denom["stamp_expire_withdraw"]),
            expire_deposit_us: micros(&denom["stamp_expire_deposit"]),
            expire_legal_us: micros(&denom["stamp_expire_legal"]),
            value: amount(&group["value"]),
            fee_withdraw: amount(&group["fee_withdraw"]),
            fee_deposit: amount(&group["fee_deposit"]),
            fee_refresh: amount(&group["fee_refresh"]),
            fee_refund: amount(&group["fee_refund"]),
            h_denom: DenominationKey::Rsa(read(&denom["rsa_pub"])).hash(ages),
        };
        assert!(statement.verify(master, &read(&denom["master_sig"])), "{denom}");
    }
    for method in ["iban", "x-taler-bank"] {
        for fees in keys["wire_fees"][method].as_array().unwrap() {
            let statement = WireFees {
                method,
                start_us: micros(&fees["start_date"]),
                end_us: micros(&fees["end_date"]),
                wire_fee: amount(&fees["wire_fee"]),
                closing_fee: amount(&fees["closing_fee"]),
            };
            assert!(statement.verify(master, &read(&fees["sig"])), "{fees}");
        }
    }
    let fees = &keys["global_fees"][0];
    let statement = GlobalFees {
        start_us: micros(&fees["start_date"]),
        end_us: micros(&fees["end_date"]),
        purse_timeout_us: fees["purse_timeout"]["d_us"].as_u64().unwrap(),
        history_expiration_us: fees["history_expiration"]["d_us"].as_u64().unwrap(),
        history_fee: amount(&fees["history_fee"]),
        account_fee: amount(&fees["account_fee"]),
        purse_fee: amount(&fees["purse_fee"]),
        purse_account_limit: read(&fees["purse_account_limit"]),
    };
    assert!(statement.verify(master, &read(&fees["master_sig"])), "{fees}");
    for account in keys["accounts"].as_array().unwrap() {
        let hash = |member: &str| -> HashCode { canonical::json_hash(&account[member]).unwrap() };
        let statement = Account {
            payto: account["payto_uri"].as_str().unwrap(),
            conversion_url: None,
            h_debit_restrictions: hash("debit_restrictions"),
            h_credit_restrictions: hash("credit_restrictions"),
        };
        assert!(statement.verify(master, &read(&account["master_sig"])), "{account}");
    }
}

#[test]
fn the_list_is_vouched_for_and_signed_by_a_listed_key() {
    let exchange = Exchange::start();
    let reply = exchange.get("keys");
    assert!(reply.headers["expires"].ends_with("GMT"));
    let keys = reply.json();
    assert_eq!(keys["base_url"], exchange.base_url());
    assert_eq!(keys["currency"], "KUDOS");
    assert_eq!(denominations(&keys).len(), 14);
    assert_vouched(&keys, &exchange.master_key());
    assert!(is_signed(&keys) && lists_signer(&keys));
    let now = exchange.now() * 1_000_000;
    for (_, denom) in denominations(&keys) {
        assert!(micros(&denom["stamp_start"]) <= now);
        assert!(now < micros(&denom["stamp_expire_withdraw"]));
    }
    for method in ["iban", "x-taler-bank"] {
        let fees = &keys["wire_fees"][method][0];
        assert!(micros(&fees["start_date"]) <= now && now < micros(&fees["end_date"]));
    }
}

#[test]
fn an_exchange_without_keys_answers_when_it_has_made_them() {
    let exchange = Exchange::with(|settings| settings.denominations.truncate(2));
    assert_eq!(exchange.get("keys").status, 200);
    assert_eq!(exchange.denominations().len(), 2);
    assert!(exchange.coin("0.02").is_good());
}

#[test]
fn keys_survive_a_restart() {
    let mut exchange = Exchange::start();
    let (keys, master) = (exchange.keys(), exchange.master_key());
    let (coin, reserve) = (exchange.coin("1"), exchange.reserve("3"));
    exchange.restart();
    assert_eq!(exchange.master_key(), master);
    let mut again = exchange.keys();
    assert_eq!(again["exchange_sig"], keys["exchange_sig"]);
    // It knows currencies and all, so nothing else has changed either.
    again["exchange_sig"] = keys["exchange_sig"].clone();
    assert_eq!(again, keys);
    assert_eq!(exchange.balance(&reserve), "KUDOS:3");
    let shop = Merchant::new();
    let purchase = shop.purchase(&exchange, "a book");
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "1")]).status, 200);
}

#[test]
fn successors_are_made_before_keys_end() {
    const DAY: u64 = 86_400;
    let exchange = Exchange::with(|settings| settings.denominations.truncate(2));
    let first = exchange.keys();
    let old = exchange.coin("0.02");
    assert_eq!((denominations(&first).len(), first["signkeys"].as_array().unwrap().len()), (2, 1));

    // Nothing is made before it is needed.
    exchange.pass(75 * DAY);
    assert_eq!(exchange.keys(), first);
    exchange.pass(2 * DAY);
    exchange.get("keys");
    let both = exchange.keys();
    assert_eq!((denominations(&both).len(), both["signkeys"].as_array().unwrap().len()), (4, 2));
    assert_vouched(&both, &exchange.master_key());
    // All know the new signing key before it signs.
    assert_eq!(both["exchange_pub"], first["exchange_pub"]);
    assert_eq!(both["denominations"].as_array().unwrap().len(), 2, "one group for each kind");

    let since = read::<Timestamp>(&first["list_issue_date"]).secs().unwrap();
    let news = exchange.get(&format!("keys?last_issue_date={since}")).json();
    assert_eq!(denominations(&news).len(), 2);
    assert!(is_signed(&news));
    assert_eq!(news["list_issue_date"], both["list_issue_date"]);
    let since = read::<Timestamp>(&news["list_issue_date"]).secs().unwrap();
    let nothing = exchange.get(&format!("keys?last_issue_date={since}")).json();
    assert_eq!(denominations(&nothing), []);
    assert!(is_signed(&nothing));
    assert_eq!(failure(&exchange.get("keys?last_issue_date=soon")), (400, 26));

    // The old ones end; what they made is still good.
    exchange.pass(14 * DAY);
    let later = exchange.keys();
    assert_ne!(later["exchange_pub"], first["exchange_pub"]);
    let new: Denomination = exchange.denomination("0.02");
    assert_ne!(new.h_denom, old.denomination.h_denom);
    assert!(exchange.coin_of(&new, None).is_good());
    let shop = Merchant::new();
    let purchase = shop.purchase(&exchange, "a sweet");
    let reply = shop.deposit(&exchange, &purchase, &[old.deposited(&purchase, "0.02")]);
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn after_years_of_sleep_there_are_new_keys() {
    let exchange = Exchange::with(|settings| settings.denominations.truncate(1));
    let first = exchange.keys();
    exchange.pass(4_000 * 86_400);
    let keys = exchange.keys();
    assert_ne!(keys["exchange_pub"], first["exchange_pub"]);
    assert_eq!(denominations(&keys).len(), 1);
    assert_vouched(&keys, &exchange.master_key());
    assert!(exchange.coin("0.01").is_good());
}
