//! Settings of a sandbox: currency, base URL, denominations and lifetimes of keys.

use std::time::Duration;

use super::Error;
use taler::amount::{Amount, Currency};
use taler::coin::age::AgeMask;
use taler::coin::rsa::{MAX_BITS, MIN_BITS};
use taler::time::RelativeTime;
use taler::web::BaseUrl;

/// The only currencies that a sandbox issues: they are known as play money.
const PLAY_MONEY: [&str; 2] = ["KUDOS", "TESTKUDOS"];

/// Units of 10⁻⁸ in a hundredth.
const CENT: u64 = 1_000_000;

/// What coins are worth, in hundredths: any price up to 40 takes few coins.
const LADDER: [u64; 11] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];

/// Which of them there are with ages, too: 1, 0.1 and 0.01.
const AGED: [usize; 3] = [6, 3, 0];

/// Age groups of the denominations that have them: 8, 10, 12, 14, 16, 18.
const AGES: AgeMask = AgeMask::new(1 | 1 << 8 | 1 << 10 | 1 << 12 | 1 << 14 | 1 << 16 | 1 << 18);

/// Most denominations at one time.
const MAX_KINDS: usize = 64;

/// What a sandbox is set up with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// KUDOS or TESTKUDOS.
    pub currency: Currency,
    /// Where wallets and merchants find it.
    pub base_url: BaseUrl,
    /// The denominations, all of this currency.
    pub denominations: Vec<Kind>,
    /// Size of the denominations' RSA keys. Real ones have 2048 bits; tests are faster with 1024.
    pub key_bits: u32,
    /// How long keys live.
    pub times: KeyTimes,
    /// What a transfer to a merchant costs.
    pub wire_fee: Amount,
    /// Most that one call adds to a reserve.
    pub top_up: Amount,
    /// Limits that it announces: what it does not let anybody do, known or not. It leaves it to
    /// merchants to keep them.
    pub hard_limits: Vec<HardLimit>,
    /// How much one account may be paid in a day before its owner must identify; `None`: as much as
    /// one likes. Where there is a limit, a transfer from the account must have named the merchant's
    /// key before anything is paid to it.
    pub deposit_limit: Option<Amount>,
    /// For how long `GET /keys` is held open while there are no keys.
    pub keys_hold: Duration,
    /// Which generations of the protocol it speaks.
    pub generations: Generations,
}

/// Which generations of the protocol an exchange speaks. They differ in how coins are withdrawn and
/// changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generations {
    /// Protocol 23 and before, as an exchange of December 2024.
    Old,
    /// Protocols 23 to 32.
    #[default]
    Both,
}

/// As exchanges that are not set up were seen to do: for more than ten minutes.
const KEYS_HOLD: Duration = Duration::from_secs(15 * 60);

/// More than so much of something is not let pass, in any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardLimit {
    /// Of what: `DEPOSIT`, `TRANSACTION`, `REFUND` and the like.
    pub operation: &'static str,
    /// The amount of the limit.
    pub threshold: Amount,
}

impl Settings {
    /// As a demonstration wants it: coins from a hundredth to twenty, of which some have fees and
    /// three know ages; keys of 2048 bits, of which new ones are made every three months.
    ///
    /// # Errors
    /// [`Error::RealMoney`].
    pub fn demo(currency: Currency, base_url: BaseUrl) -> Result<Self, Error> {
        if !PLAY_MONEY.contains(&currency.as_str()) {
            return Err(Error::RealMoney(currency.to_string()));
        }
        let amount = |cents: u64| {
            let units = cents.saturating_mul(CENT);
            let (value, fraction) = (units / 100_000_000, units % 100_000_000);
            let fraction = u32::try_from(fraction).unwrap_or_default();
            Amount::from_parts(currency, value, fraction)
                .map_err(|_| Error::Setting("an amount is too large"))
        };
        let mut denominations = Vec::new();
        for cents in LADDER {
            // Small coins are free, large ones cost a little: both happen.
            let fee = amount(if cents >= 50 { 1 } else { 0 })?;
            let (free, two) = (amount(0)?, amount(if cents >= 50 { 2 } else { 0 })?);
            denominations.push(Kind {
                value: amount(cents)?,
                fee_withdraw: if cents >= 500 { fee } else { free },
                fee_deposit: fee,
                fee_refresh: two,
                fee_refund: fee,
                ages: AgeMask::NONE,
            });
        }
        // So few that an aged coin can be changed to the last hundredth.
        for at in AGED {
            if let Some(kind) = denominations.get(at).copied() {
                denominations.push(Kind { ages: AGES, ..kind });
            }
        }
        Ok(Self {
            currency,
            base_url,
            denominations,
            key_bits: 2048,
            times: KeyTimes::default(),
            wire_fee: amount(1)?,
            top_up: amount(100_000)?,
            hard_limits: Vec::new(),
            deposit_limit: None,
            keys_hold: KEYS_HOLD,
            generations: Generations::Both,
        })
    }

    /// Whether all of it makes sense.
    pub(super) fn check(&self) -> Result<(), Error> {
        if !PLAY_MONEY.contains(&self.currency.as_str()) {
            return Err(Error::RealMoney(self.currency.to_string()));
        }
        if !(MIN_BITS..=MAX_BITS).contains(&self.key_bits) {
            return Err(Error::Setting("RSA keys have 1024 to 8192 bits"));
        }
        if self.denominations.is_empty() || self.denominations.len() > MAX_KINDS {
            return Err(Error::Setting("there are 1 to 64 denominations"));
        }
        for kind in &self.denominations {
            let mut amounts = vec![kind.value, kind.fee_withdraw, kind.fee_deposit];
            amounts.extend([kind.fee_refresh, kind.fee_refund, self.wire_fee, self.top_up]);
            amounts.extend(self.hard_limits.iter().map(|limit| limit.threshold));
            amounts.extend(self.deposit_limit);
            if amounts.iter().any(|amount| *amount.currency() != self.currency) {
                return Err(Error::Setting("all amounts have one currency"));
            }
            if kind.value.is_zero() {
                return Err(Error::Setting("a coin is worth something"));
            }
        }
        Ok(())
    }
}

/// What a denomination is worth and costs. Its key is another matter: a kind has several, one after
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What a coin is worth.
    pub value: Amount,
    /// What withdrawing a coin costs.
    pub fee_withdraw: Amount,
    /// What each deposit of a coin costs.
    pub fee_deposit: Amount,
    /// What changing a coin costs.
    pub fee_refresh: Amount,
    /// What each refund of a coin costs.
    pub fee_refund: Amount,
    /// Its age groups, if it has any.
    pub ages: AgeMask,
}

/// How long keys live.
#[derive(Clone, Copy, Debug)]
pub struct KeyTimes {
    /// For how long a denomination issues coins.
    pub issue: RelativeTime,
    /// For how long its coins can be spent after that.
    pub spend: RelativeTime,
    /// For how long its key is kept as evidence after that.
    pub legal: RelativeTime,
    /// For how long a signing key signs.
    pub sign: RelativeTime,
    /// For how long its signatures are evidence after that.
    pub evidence: RelativeTime,
    /// How long before a key ends its successor is made, so that all know it in time.
    pub ahead: RelativeTime,
}

impl Default for KeyTimes {
    fn default() -> Self {
        Self {
            issue: days(90),
            spend: days(730),
            legal: days(3_650),
            sign: days(90),
            evidence: days(3_650),
            ahead: days(14),
        }
    }
}

/// So many days.
fn days(number: u64) -> RelativeTime {
    RelativeTime::from_secs(number.saturating_mul(86_400)).unwrap_or(RelativeTime::FOREVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_never_deals_in_money() {
        let base = BaseUrl::parse("http://127.0.0.1:1/").unwrap();
        let demo = |currency| Settings::demo(Currency::parse(currency).unwrap(), base.clone());
        for real in ["EUR", "CHF", "kudos", "KUDO"] {
            assert!(matches!(demo(real), Err(Error::RealMoney(_))), "{real}");
        }
        for play in ["KUDOS", "TESTKUDOS"] {
            let settings = demo(play).unwrap();
            assert!(settings.check().is_ok(), "{play}");
            let disguised = Settings { currency: Currency::parse("EUR").unwrap(), ..settings };
            assert!(matches!(disguised.check(), Err(Error::RealMoney(_))));
        }
    }

    #[test]
    fn any_price_takes_few_coins() {
        let base = BaseUrl::parse("http://127.0.0.1:1/").unwrap();
        let settings = Settings::demo(Currency::parse("KUDOS").unwrap(), base).unwrap();
        let values: Vec<_> = settings.denominations.iter().map(|k| k.value.to_string()).collect();
        assert_eq!(values[0], "KUDOS:0.01");
        assert_eq!(values[10], "KUDOS:20");
        assert_eq!(values[11], "KUDOS:1");
        let fees = settings.denominations.iter().filter(|kind| !kind.fee_deposit.is_zero());
        assert_eq!(fees.count(), 7);
    }
}
