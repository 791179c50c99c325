//! Checks that every shop has a bank account and that an exchange can pay to it.

use super::Line;
use super::exchanges::Asked;
use crate::model::account::Account;
use crate::model::business_day::BusinessDay;
use crate::store::kyc::{self, AccountAtExchange, KycRequest};
use crate::store::{self, Read, accounts, instances};
use crate::till::{Finding, KycStatus, KycTransfer, ListedExchange};
use taler::ids::InstanceId;
use taler::sign::PublicKey;
use taler::web::BaseUrl;

/// An instance and its bank accounts.
#[derive(Debug)]
pub(super) struct Shop {
    id: InstanceId,
    /// Its public key, by which exchanges know it.
    public_key: PublicKey,
    /// Whether the shop has no name of its own, so that customers see the instance ID.
    is_unnamed: bool,
    /// When its business day ends, for reports.
    business_day: BusinessDay,
    /// Accounts in use, each with the KYC requirements of exchanges that refused deposits.
    accounts: Vec<Used>,
}

#[derive(Debug)]
struct Used {
    account: Account,
    asks: Vec<(BaseUrl, KycRequest)>,
}

/// All instances that are not deleted, with the KYC requirements of these exchanges.
///
/// # Errors
/// [`store::Error`].
pub(super) fn shops(db: &Read<'_>, trusted: &[ListedExchange]) -> store::Result<Vec<Shop>> {
    let mut shops = Vec::new();
    for instance in instances::list(db)? {
        if instance.is_deleted() {
            continue;
        }
        let mut used = Vec::new();
        for account in accounts::list(db, instance.serial)? {
            if !account.active {
                continue;
            }
            let mut asks = Vec::new();
            for exchange in trusted {
                let (instance, h_wire) = (instance.serial, account.h_wire);
                let exchange_url = exchange.trusted.base_url.clone();
                let pair = AccountAtExchange { instance, h_wire, exchange_url };
                if let Some(ask) = kyc::find(db, &pair)? {
                    asks.push((pair.exchange_url, ask));
                }
            }
            used.push(Used { account, asks });
        }
        shops.push(Shop {
            is_unnamed: instance.is_unnamed(),
            id: instance.id,
            public_key: instance.public_key,
            business_day: instance.settings.business_day,
            accounts: used,
        });
    }
    Ok(shops)
}

/// Judges the shops' accounts by the answers of the exchanges.
pub(super) fn check(shops: &[Shop], asked: &[Asked]) -> Vec<Line> {
    if shops.is_empty() {
        return vec![Line::Fail(
            "instances: none, so nobody can sell".into(),
            "create the first one: tilld passwd admin".into(),
        )];
    }
    let sells = shops.iter().any(|shop| !shop.accounts.is_empty());
    let mut findings = Vec::new();
    for shop in shops {
        if shop.accounts.is_empty() {
            // An instance that only manages other instances needs no account.
            findings.push(no_account(&shop.id, sells && shop.id == InstanceId::admin()));
        }
        if !shop.accounts.is_empty() && shop.is_unnamed {
            findings.push(no_name(&shop.id));
        }
        findings.extend(unknown_zone(shop));
        findings.extend(shop.accounts.iter().map(|used| one(shop, used, asked)));
    }
    findings
}

/// The machine does not know the shop's time zone.
fn unknown_zone(shop: &Shop) -> Option<Line> {
    let (id, day) = (&shop.id, &shop.business_day);
    let zone = day.zone.as_ref().filter(|_| day.check().is_err())?;
    Some(Line::Warn(
        format!(
            "time zone: shop {id} uses {zone}, which this machine does not know; the \
             daemon's zone is used instead"
        ),
        "install the package tzdata, or choose another zone in the back office under Details"
            .into(),
    ))
}

/// The shop has accounts, but its name is still the instance ID.
fn no_name(id: &InstanceId) -> Line {
    Line::of(
        &Finding::Unnamed,
        format!("name: customers see \"{id}\" as the name of shop {id}"),
        "set the shop's name in the back office under Details",
    )
}

fn no_account(id: &InstanceId, is_manager: bool) -> Line {
    let remedy = format!("tilld account add {id} 'payto://iban/IBAN?receiver-name=NAME'");
    let finding = Finding::NoAccount { is_manager };
    match is_manager {
        true => Line::of(
            &finding,
            format!("accounts: instance {id} has none in use; it can only manage other instances"),
            format!("to sell with it: {remedy}"),
        ),
        false => Line::of(
            &finding,
            format!("accounts: instance {id} has none in use, so it cannot create orders"),
            remedy,
        ),
    }
}

fn one(shop: &Shop, used: &Used, asked: &[Asked]) -> Line {
    let id = &shop.id;
    let payto = &used.account.payto_uri;
    let name = payto.as_str();
    if payto.receiver_name().is_none() {
        let mark = if name.contains('?') { '&' } else { '?' };
        return Line::Fail(
            format!("account {name} of {id} has no receiver-name, which contracts need"),
            format!(
                "tilld account remove {id} '{name}'; \
                 tilld account add {id} '{name}{mark}receiver-name=NAME'"
            ),
        );
    }
    let answers = asked.iter().filter_map(|asked| {
        let url = &asked.listed.trusted.base_url;
        let ask = used.asks.iter().find(|(asker, _)| asker == url).map(|(_, ask)| ask);
        let reported = asked.answer.as_ref().ok()?;
        Some(((url, &reported.keys), KycStatus::of(&reported.keys, &used.account, ask)))
    });
    let answers: Vec<_> = answers.collect();
    if answers.is_empty() {
        let why = if asked.is_empty() { "" } else { "; no exchange says whether it can pay to it" };
        return Line::Ok(format!("account {name} of {id} is in use{why}"));
    }
    let of = |status| answers.iter().filter(move |(_, found)| *found == status).map(|(of, _)| *of);
    if let Some((url, keys)) = of(KycStatus::WireRequired).next() {
        let url = url.as_str();
        let transfers = KycTransfer::all(keys, &used.account, &shop.public_key);
        return Line::of(
            &Finding::Payout(KycStatus::WireRequired),
            format!(
                "account {name} of {id}: {url} refuses deposits until it has received a transfer from this account with \
                 the shop's key as subject"
            ),
            match transfers.first() {
                Some(transfer) => format!(
                    "transfer {} to {}, subject {}, from exactly this account, including the spelling \
                     of the holder's name",
                    transfer.amount, transfer.to, transfer.subject
                ),
                None => format!(
                    "ask the operator of {url} for the account to transfer to: the exchange lists none"
                ),
            },
        );
    }
    if let Some((url, _)) = of(KycStatus::Required).next() {
        let url = url.as_str();
        return Line::of(
            &Finding::Payout(KycStatus::Required),
            format!("account {name} of {id}: {url} requires identification (KYC)"),
            format!("identify the shop to the operator of {url}; GET /private/kyc shows the state"),
        );
    }
    match of(KycStatus::Ready).count() {
        0 => Line::of(
            &Finding::Payout(KycStatus::WireImpossible),
            format!("account {name} of {id}: no exchange can pay to it ({})", payto.wire_method()),
            format!(
                "tilld account add {id} PAYTO, with an account at a bank that the exchange \
                 reaches; or trust another exchange: tilld exchange add URL"
            ),
        ),
        ready => Line::of(
            &Finding::Payout(KycStatus::Ready),
            format!("account {name} of {id}: {ready} of {} exchanges can pay to it", asked.len()),
            "",
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exchange::{Error, Inspection};
    use crate::model::account::AccountDetails;
    use taler::exchange::Keys;
    use taler::exchange::sample::{Sample, after};
    use taler::payto::Payto;

    const IBAN: &str = "payto://iban/DE75512108001245126199?receiver-name=Shop";

    fn used(payto: &str, reply: Option<serde_json::Value>) -> Used {
        let payto_uri: Payto = payto.parse().unwrap();
        let salt = serde_json::from_value(json!("0".repeat(26))).unwrap();
        let h_wire = payto_uri.h_wire(&salt);
        let details = AccountDetails::default();
        let account = Account { h_wire, payto_uri, salt, active: true, details };
        let ask =
            reply.map(|reply| KycRequest { status: 451, code: None, reply, asked_at: after(0) });
        let url = "https://exchange.example/".parse().unwrap();
        Used { account, asks: ask.map(|ask| (url, ask)).into_iter().collect() }
    }

    fn shop(id: &str, accounts: Vec<Used>) -> Shop {
        let public_key = PublicKey::new([7; 32]);
        let business_day = BusinessDay::default();
        Shop { id: id.parse().unwrap(), public_key, is_unnamed: false, business_day, accounts }
    }

    fn asked() -> Asked {
        let sample = Sample::at("https://exchange.example/");
        let keys = Keys::read(&sample.trusted(), sample.keys().to_string().as_bytes()).unwrap();
        let listed = ListedExchange {
            trusted: sample.trusted(),
            is_in_settings: true,
            is_removed: false,
            other_key: None,
        };
        Asked { listed, answer: Ok(Inspection { keys, date: None }), off_s: None }
    }

    fn found(used: &Used) -> Line {
        one(&shop("admin", vec![]), used, &[asked()])
    }

    #[test]
    fn who_has_no_account_cannot_sell_unless_others_do() {
        assert!(matches!(check(&[], &[])[..], [Line::Fail(..)]));
        let [Line::Fail(_, remedy)] = &check(&[shop("admin", vec![])], &[])[..] else { panic!() };
        assert!(remedy.starts_with("tilld account add admin 'payto://"), "{remedy}");
        let sells = || shop("bar", vec![used(IBAN, None)]);
        let manager = check(&[shop("admin", vec![]), sells()], &[]);
        assert!(matches!(manager[..], [Line::Warn(..), Line::Ok(_)]), "{manager:?}");
        let other = check(&[shop("tea", vec![]), sells()], &[]);
        assert!(matches!(other[..], [Line::Fail(..), Line::Ok(_)]), "{other:?}");
    }

    #[test]
    fn an_account_is_good_when_an_exchange_can_pay_there() {
        let good = found(&used(IBAN, None));
        assert!(matches!(&good, Line::Ok(said) if said.contains("1 of 1")), "{good:?}");
        let other = found(&used("payto://x-taler-bank/bank.example/a?receiver-name=A", None));
        assert!(matches!(&other, Line::Fail(said, _) if said.contains("x-taler-bank")));
        let nameless = found(&used("payto://x-paper/drawer", None));
        let Line::Fail(_, remedy) = nameless else { panic!("{nameless:?}") };
        assert!(remedy.contains("drawer?receiver-name=NAME'"), "{remedy}");
    }

    #[test]
    fn what_an_exchange_wants_to_know_is_a_warning() {
        let reported = |reply| match found(&used(IBAN, Some(reply))) {
            Line::Warn(said, _) => said,
            other => panic!("{other:?}"),
        };
        assert!(reported(json!({})).contains("identification"));
        assert!(reported(json!({ "bad_kyc_auth": true })).contains("a transfer"));
    }

    #[test]
    fn the_transfer_that_an_exchange_wants_is_told_whole() {
        let asked_for = used(IBAN, Some(json!({ "bad_kyc_auth": true, "requirement_row": 0 })));
        let Line::Warn(said, remedy) = found(&asked_for) else { panic!() };
        assert!(said.contains(IBAN), "{said}");
        let to = "payto://iban/DE75512108001245126199?receiver-name=Exchange";
        let subject = format!("KYC:{}", PublicKey::new([7; 32]));
        for part in ["transfer KUDOS:2 to", to, &subject, "exactly this account"] {
            assert!(remedy.contains(part), "{remedy}");
        }
    }

    #[test]
    fn without_an_answer_an_account_is_given_the_benefit_of_the_doubt() {
        let dead = Asked { answer: Err(Error::Timeout), ..asked() };
        for asked in [&[][..], &[dead]] {
            let found = one(&shop("admin", vec![]), &used(IBAN, None), asked);
            assert!(matches!(found, Line::Ok(_)), "{found:?}");
        }
    }
}
