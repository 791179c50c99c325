//! `/keys` and `/config`: what the exchange is, what it issues and what it costs (crypto 14.1).

use serde_json::{Value, json};

use super::Sandbox;
use super::failure::Failure;
use super::faults::FaultAction;
use super::keys::{Denomination, ExchangeKey, Keys};
use super::settings::{Generations, HardLimit, Kind};
use taler::amount::Amount;
use taler::canonical;
use taler::currency::CurrencySpecification;
use taler::sign::exchange::{
    Account, DenominationValidity, Extensions, GlobalFees, KeySet, SigningKeyValidity, WireFees,
};
use taler::sign::{Signature, SigningKey, Statement};
use taler::time::{RelativeTime, Timestamp};

/// The protocol that is spoken: that of December 2024.
const OLD_VERSION: &str = "23:0:6";
/// The same, and that of 2026 with all in between: 23 to 32.
const VERSION: &str = "32:0:9";
/// The exchange's own bank accounts. Old wallets look at the first one only, and that is where play
/// money comes from.
const PAYTOS: [&str; 2] = [
    "payto://x-taler-bank/localhost/sandbox-exchange?receiver-name=Sandbox+exchange",
    "payto://iban/DE75512108001245126199?receiver-name=Sandbox+exchange",
];
/// To which kinds of accounts merchants can be paid.
pub(super) const WIRE_METHODS: [&str; 2] = ["iban", "x-taler-bank"];
/// For how long wire fees hold, in seconds.
const YEAR_S: u64 = 365 * 86_400;
/// How long a wallet may let a purse lie, in seconds. There are none here.
const PURSE_TIMEOUT_S: u64 = 3_600;
/// How long a reserve would lie untouched before its money went back, in seconds.
const CLOSING_DELAY_S: u64 = 28 * 86_400;

impl Sandbox {
    /// The versions of the protocol that are spoken.
    fn version(&self) -> &'static str {
        match self.0.settings.generations {
            Generations::Old => OLD_VERSION,
            Generations::Both => VERSION,
        }
    }

    /// The answer to `GET /config`.
    pub(super) fn config(&self) -> Value {
        let currency = self.0.settings.currency;
        json!({
            "version": self.version(),
            "name": "taler-exchange",
            "implementation": "urn:net:taler:specs:tilld:sandbox-exchange",
            "currency": currency,
            "currency_specification": CurrencySpecification::shipped(currency),
            "supported_kyc_requirements": [],
        })
    }

    /// The answer to `GET /keys`: with denominations issued after `since` only, if it says when.
    /// Blocks.
    ///
    /// # Errors
    /// [`Failure::NoKeys`] as long as nothing can be withdrawn.
    pub(super) fn list(
        &self,
        since: Option<Timestamp>,
        act: FaultAction,
    ) -> Result<Value, Failure> {
        let (now, keys, settings) = (self.now(), self.keys(), &self.0.settings);
        let issues = |d: &Denomination| d.start <= now && now < d.expire_withdraw && !d.is_revoked;
        if !keys.denominations.iter().any(issues) {
            return Err(Failure::NoKeys);
        }
        let stranger;
        let master = if act == FaultAction::OtherMasterKey {
            stranger = SigningKey::from_seed(system::random()?);
            &stranger
        } else {
            &self.0.identity.master
        };
        let list = List { master, keys: &keys, act, now };
        let is_listed = |d: &&Denomination| now < d.expire_deposit && !d.is_revoked;
        let spendable = || keys.denominations.iter().filter(is_listed);
        let list_issue_date = spendable().map(|d| d.start).max().unwrap_or(Timestamp::ZERO);
        let (denominations, master_sigs) =
            list.denominations(spendable().filter(|d| since.is_none_or(|since| d.start > since)));

        let key_set =
            KeySet { list_issue_date_us: list_issue_date.to_micros(), master_sigs: &master_sigs };
        let signed = keys.signing_at(now)?.sign(&key_set);
        let (exchange_pub, exchange_sig) = act.signed(&key_set, signed)?;
        let (extensions, extensions_sig) = list.extensions(&settings.denominations)?;
        let zero = Amount::zero(settings.currency);
        Ok(json!({
            "version": self.version(),
            "base_url": settings.base_url,
            "currency": settings.currency,
            "currency_specification": CurrencySpecification::shipped(settings.currency),
            "asset_type": "fiat",
            "master_public_key": master.public_key(),
            "reserve_closing_delay": seconds(CLOSING_DELAY_S),
            "stefan_abs": zero,
            "stefan_log": zero,
            // A real number: the C parser takes no other.
            "stefan_lin": 0.0,
            "tiny_amount": settings.denominations.iter().map(|kind| kind.value)
                .reduce(|a, b| if a.try_cmp(&b).is_ok_and(|order| order.is_le()) { a } else { b }),
            "rewards_allowed": false,
            "hard_limits": settings.hard_limits.iter().map(hard_limit).collect::<Vec<_>>(),
            "zero_limits": [],
            "denominations": denominations,
            "signkeys": list.signing_keys(),
            "accounts": list.accounts()?,
            "wire_fees": list.wire_fees(self.0.identity.made_at, settings.wire_fee),
            "global_fees": [list.global_fees(self.0.identity.made_at, zero)],
            "auditors": [],
            "recoup": list.revoked(),
            "extensions": extensions,
            "extensions_sig": extensions_sig,
            "wallet_balance_limit_without_kyc": [],
            "wads": [],
            "list_issue_date": list_issue_date,
            "exchange_pub": exchange_pub,
            "exchange_sig": exchange_sig,
        }))
    }
}

/// The list while it is written.
struct List<'a> {
    master: &'a SigningKey,
    keys: &'a Keys,
    act: FaultAction,
    now: Timestamp,
}

impl List<'_> {
    /// Denominations in groups of one kind, and the master key's signatures in their order.
    fn denominations<'a>(
        &self,
        listed: impl Iterator<Item = &'a Denomination>,
    ) -> (Value, Vec<Signature>) {
        let mut groups: Vec<Vec<&Denomination>> = Vec::new();
        for denomination in listed {
            let same = |g: &&mut Vec<&Denomination>| {
                g.first().is_some_and(|first| first.kind == denomination.kind)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(denomination),
                None => groups.push(vec![denomination]),
            }
        }
        let mut master_sigs = Vec::new();
        let mut written = Vec::new();
        for group in groups {
            let Some(kind) = group.first().map(|first| first.kind) else { continue };
            let denoms: Vec<_> = group
                .iter()
                .map(|denomination| {
                    let (entry, signature) = self.denomination(denomination);
                    master_sigs.push(signature);
                    entry
                })
                .collect();
            let mut entry = json!({
                "cipher": "RSA",
                "value": kind.value,
                "fee_withdraw": kind.fee_withdraw,
                "fee_deposit": kind.fee_deposit,
                "fee_refresh": kind.fee_refresh,
                "fee_refund": kind.fee_refund,
                "denoms": denoms,
            });
            if let Some(entry) = entry.as_object_mut().filter(|_| kind.ages.bits() != 0) {
                entry.insert("cipher".into(), "RSA+age_restricted".into());
                entry.insert("age_mask".into(), kind.ages.bits().into());
            }
            written.push(entry);
        }
        (written.into(), master_sigs)
    }

    fn denomination(&self, denomination: &Denomination) -> (Value, Signature) {
        let d = denomination;
        let [start, expire_withdraw, expire_deposit, expire_legal] = match self.act {
            FaultAction::ExpiredDenominations => [1, 2, 3, 4].map(long_ago),
            _ => [d.start, d.expire_withdraw, d.expire_deposit, d.expire_legal],
        };
        let master_sig = DenominationValidity {
            master_pub: self.master.public_key(),
            start_us: start.to_micros(),
            expire_withdraw_us: expire_withdraw.to_micros(),
            expire_deposit_us: expire_deposit.to_micros(),
            expire_legal_us: expire_legal.to_micros(),
            value: d.kind.value.to_nbo(),
            fee_withdraw: d.kind.fee_withdraw.to_nbo(),
            fee_deposit: d.kind.fee_deposit.to_nbo(),
            fee_refresh: d.kind.fee_refresh.to_nbo(),
            fee_refund: d.kind.fee_refund.to_nbo(),
            h_denom: d.h_denom,
        }
        .sign(self.master);
        let entry = json!({
            "master_sig": master_sig,
            "stamp_start": start,
            "stamp_expire_withdraw": expire_withdraw,
            "stamp_expire_deposit": expire_deposit,
            "stamp_expire_legal": expire_legal,
            "rsa_pub": d.key.public_key(),
        });
        (entry, master_sig)
    }

    /// The denominations that were revoked.
    fn revoked(&self) -> Vec<Value> {
        let revoked = self.keys.denominations.iter().filter(|d| d.is_revoked);
        revoked.map(|d| json!({ "h_denom_pub": d.h_denom })).collect()
    }

    /// What the exchange does beyond the plain protocol, and the master key's word for it: ages, if
    /// any of its denominations has them.
    fn extensions(&self, kinds: &[Kind]) -> Result<(Value, Option<Signature>), Failure> {
        let Some(aged) = kinds.iter().find(|kind| kind.ages.bits() != 0) else {
            return Ok((json!({}), None));
        };
        let groups: Vec<_> = (1..32).filter(|age| aged.ages.bits() >> age & 1 == 1).collect();
        let groups: Vec<_> = groups.iter().map(ToString::to_string).collect();
        let extensions = json!({
            "age_restriction": {
                "critical": false,
                "version": "1",
                "config": { "age_groups": groups.join(":") },
            },
        });
        let text = canonical::canonical(&extensions).map_err(|_| Failure::Bug("no extensions"))?;
        let signature = Extensions { manifests: &text }.sign(self.master);
        Ok((extensions, Some(signature)))
    }

    /// The signing keys whose signatures are worth anything.
    fn signing_keys(&self) -> Vec<Value> {
        let write = |key: &ExchangeKey| {
            let [start, expire, end] = match self.act {
                FaultAction::ExpiredSigningKeys => [1, 2, 3].map(long_ago),
                _ => [key.start, key.expire, key.end],
            };
            let master_sig = SigningKeyValidity {
                start_us: start.to_micros(),
                expire_us: expire.to_micros(),
                end_us: end.to_micros(),
                key: key.public,
            }
            .sign(self.master);
            json!({
                "key": key.public,
                "stamp_start": start,
                "stamp_expire": expire,
                "stamp_end": end,
                "master_sig": master_sig,
            })
        };
        self.keys.signing.iter().filter(|key| self.now < key.end).map(write).collect()
    }

    fn accounts(&self) -> Result<Vec<Value>, Failure> {
        let none = json!([]);
        let hash = canonical::json_hash(&none).map_err(|_| Failure::Bug("an empty list"))?;
        let write = |payto: &str| {
            let account = Account {
                payto,
                conversion_url: None,
                h_debit_restrictions: hash,
                h_credit_restrictions: hash,
            };
            json!({
                "payto_uri": payto,
                "debit_restrictions": none,
                "credit_restrictions": none,
                "master_sig": account.sign(self.master),
                "priority": 0,
            })
        };
        Ok(PAYTOS.map(write).into())
    }

    /// The wire fees of this year and the next, by wire method.
    fn wire_fees(&self, since: Timestamp, wire_fee: Amount) -> Value {
        let closing_fee = Amount::zero(*wire_fee.currency());
        let of_method = |method: &'static str| {
            let fees: Vec<_> = years(since, self.now)
                .map(|(start, end)| {
                    let sig = WireFees {
                        method,
                        start_us: start.to_micros(),
                        end_us: end.to_micros(),
                        wire_fee: wire_fee.to_nbo(),
                        closing_fee: closing_fee.to_nbo(),
                    }
                    .sign(self.master);
                    json!({
                        "wire_fee": wire_fee,
                        "closing_fee": closing_fee,
                        "start_date": start,
                        "end_date": end,
                        "sig": sig,
                    })
                })
                .collect();
            (method.to_owned(), fees.into())
        };
        Value::Object(WIRE_METHODS.map(of_method).into_iter().collect())
    }

    /// Fees that only wallets pay, and here nobody.
    fn global_fees(&self, since: Timestamp, zero: Amount) -> Value {
        let (start, end) = years(since, self.now).next().unwrap_or((since, Timestamp::NEVER));
        let (purse_timeout, history_expiration) = (seconds(PURSE_TIMEOUT_S), seconds(YEAR_S));
        let master_sig = GlobalFees {
            start_us: start.to_micros(),
            end_us: end.to_micros(),
            purse_timeout_us: purse_timeout.to_micros(),
            history_expiration_us: history_expiration.to_micros(),
            history_fee: zero.to_nbo(),
            account_fee: zero.to_nbo(),
            purse_fee: zero.to_nbo(),
            purse_account_limit: 0,
        }
        .sign(self.master);
        json!({
            "start_date": start,
            "end_date": end,
            "purse_timeout": purse_timeout,
            "history_expiration": history_expiration,
            "history_fee": zero,
            "account_fee": zero,
            "purse_fee": zero,
            "purse_account_limit": 0,
            "master_sig": master_sig,
        })
    }
}

fn hard_limit(limit: &HardLimit) -> Value {
    json!({
        "operation_type": limit.operation,
        "threshold": limit.threshold,
        "timeframe": RelativeTime::FOREVER,
        "soft_limit": false,
    })
}

/// The year that `now` lies in, counted from `since`, and the next.
fn years(since: Timestamp, now: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let first = since.secs().unwrap_or_default();
    let passed = now.secs().unwrap_or_default().saturating_sub(first) / YEAR_S;
    let start = move |year: u64| {
        let secs = first.saturating_add(passed.saturating_add(year).saturating_mul(YEAR_S));
        Timestamp::from_secs(secs).unwrap_or(Timestamp::NEVER)
    };
    (0..2).map(move |year| (start(year), start(year.saturating_add(1))))
}

fn seconds(number: u64) -> RelativeTime {
    RelativeTime::from_secs(number).unwrap_or(RelativeTime::FOREVER)
}

/// Some day of the year 2001, the later the larger the number is.
fn long_ago(day: u64) -> Timestamp {
    let secs = day.saturating_mul(86_400).saturating_add(1_000_000_000);
    Timestamp::from_secs(secs).unwrap_or(Timestamp::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_fees_hold_now_and_next_year_without_a_gap() {
        let at = |secs| Timestamp::from_secs(secs).unwrap();
        for now in [7, 7 + YEAR_S - 1, 7 + YEAR_S, 7 + 9 * YEAR_S + 1] {
            let [this, next]: [_; 2] =
                years(at(7), at(now)).collect::<Vec<_>>().try_into().unwrap();
            assert!(this.0 <= at(now) && at(now) < this.1, "{now}");
            assert_eq!(this.1, next.0);
        }
    }
}
