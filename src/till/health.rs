//! What checks of a daemon and its shops find: facts, and how bad they are. `tilld doctor`, the status page, the
//! check list and `/readyz` show findings, each in its own words; only this file decides what is good or bad.

use super::{Error, KycStatus, ShopStatus, Till};
use crate::model::webhook::{DisabledWhy, Webhook};
use crate::store;
use taler::time::{RelativeTime, Timestamp};
use taler::web::{BaseUrl, Reach};

/// A megabyte, as disks are sold, in bytes.
const MB: u64 = 1_000_000;
/// Free bytes on the disk below which there is little room.
const LITTLE_ROOM: u64 = 100 * MB;
/// Free bytes below which there is none: a busy hour may fill the disk.
const NO_ROOM: u64 = 10 * MB;
/// Beyond so many seconds the last backup is old: two days, for a job that runs daily.
const OLD_BACKUP_S: u64 = 2 * 86_400;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// All is well.
    Good,
    /// It works, but something should be improved.
    Warning,
    /// It does not work.
    Failure,
}

/// What was found about one subject.
#[derive(Debug)]
pub enum Finding {
    /// The store reads and writes, or why it does not.
    Database(Option<store::Error>),
    /// Free bytes on the disk of the database; `None` if unknown.
    Disk(Option<u64>),
    /// The age of the last backup.
    Backup(BackupAge),
    /// No base URL is set; whether the daemon listens to other machines all the same.
    NoAddress {
        /// Whether other machines can send requests, and so name any address.
        is_open: bool,
    },
    /// From where customers reach the shop, and whether others on the way can read along.
    Address {
        /// From where wallets reach it.
        reach: Reach,
        /// Whether the way there is encrypted: by TLS, or by Tor.
        is_encrypted: bool,
    },
    /// No exchange is trusted, so that no wallet can pay.
    NoExchange,
    /// Keys of a trusted exchange.
    Exchange(ExchangeKeys),
    /// A shop has no account in use.
    NoAccount {
        /// Whether it only manages other shops, so that it needs none.
        is_manager: bool,
    },
    /// A shop's name is still its instance ID.
    Unnamed,
    /// Whether an exchange pays to an account.
    Payout(KycStatus),
    /// A webhook of a shop.
    Webhook(WebhookState),
    /// Events were lost: no webhook is told of them.
    LostEvents,
    /// A shop has webhooks, and the clock may be wrong: receivers refuse calls whose time is off.
    DoubtfulClock,
}

/// Whether the calls of a webhook arrive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WebhookState {
    /// Nothing is known that speaks against it.
    Arrives,
    /// The last call failed.
    Fails,
    /// Its receiver wanted no more calls, so it is out of use.
    Unwanted,
    /// No call was taken for days, so it is out of use.
    GivenUp,
    /// Its address may not be called.
    Blocked,
}

impl WebhookState {
    /// That of a webhook as it is kept. Whether its address may be called is not looked at.
    pub fn of(webhook: &Webhook) -> Self {
        match (webhook.disabled_why, webhook.failing_since) {
            (Some(DisabledWhy::Gone), _) => Self::Unwanted,
            (Some(DisabledWhy::Failing), _) => Self::GivenUp,
            (None, Some(_)) => Self::Fails,
            (None, None) => Self::Arrives,
        }
    }

    /// Whether nothing is wrong with it.
    pub fn is_good(self) -> bool {
        Finding::Webhook(self).severity() == Severity::Good
    }
}

/// The age of the last backup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BackupAge {
    /// There was none.
    Never,
    /// It was made so many seconds ago, which is too long.
    Old(u64),
    /// It was made so many seconds ago.
    Recent(u64),
}

/// Keys of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExchangeKeys {
    /// Its coins are taken.
    Usable,
    /// Its coins are taken, but something about it should be improved.
    Flawed,
    /// Its coins cannot be taken.
    Unusable,
}

impl Finding {
    /// How old the last backup is.
    pub fn backup(last: Option<Timestamp>, now: Timestamp) -> Self {
        let Some(last) = last else { return Self::Backup(BackupAge::Never) };
        let age = now.saturating_since(last);
        let secs = age.duration().unwrap_or_default().as_secs();
        let is_old = RelativeTime::from_secs(OLD_BACKUP_S).is_ok_and(|most| age > most);
        Self::Backup(if is_old { BackupAge::Old(secs) } else { BackupAge::Recent(secs) })
    }

    /// From where `base_url` can be reached.
    pub fn address(base_url: &BaseUrl) -> Self {
        // Tor encrypts the traffic to .onion names.
        let is_encrypted = base_url.is_https() || base_url.authority().contains(".onion");
        Self::Address { reach: base_url.reach(), is_encrypted }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Database(None) | Self::Backup(BackupAge::Recent(_)) => Severity::Good,
            Self::Database(Some(_)) => Severity::Failure,
            Self::Disk(None) => Severity::Warning,
            Self::Disk(Some(free)) => match *free {
                ..NO_ROOM => Severity::Failure,
                NO_ROOM..LITTLE_ROOM => Severity::Warning,
                LITTLE_ROOM.. => Severity::Good,
            },
            Self::Backup(BackupAge::Never | BackupAge::Old(_)) => Severity::Warning,
            Self::NoAddress { is_open: true } => Severity::Failure,
            Self::NoAddress { is_open: false } => Severity::Warning,
            Self::Address { reach, is_encrypted } => match (reach, is_encrypted) {
                (Reach::Nowhere, _) => Severity::Failure,
                (Reach::World, true) => Severity::Good,
                (Reach::Machine | Reach::Network | Reach::World, _) => Severity::Warning,
            },
            Self::NoExchange | Self::Unnamed => Severity::Warning,
            Self::LostEvents | Self::DoubtfulClock => Severity::Warning,
            Self::Webhook(state) => match state {
                WebhookState::Arrives => Severity::Good,
                WebhookState::Fails | WebhookState::Unwanted => Severity::Warning,
                WebhookState::GivenUp | WebhookState::Blocked => Severity::Failure,
            },
            Self::Exchange(ExchangeKeys::Usable) => Severity::Good,
            Self::Exchange(ExchangeKeys::Flawed) => Severity::Warning,
            Self::Exchange(ExchangeKeys::Unusable) => Severity::Failure,
            Self::NoAccount { is_manager: true } => Severity::Warning,
            Self::NoAccount { is_manager: false } => Severity::Failure,
            Self::Payout(status) => match status {
                KycStatus::Required | KycStatus::WireRequired => Severity::Warning,
                KycStatus::WireImpossible => Severity::Failure,
                // An exchange that says nothing may pay.
                KycStatus::Ready
                | KycStatus::NoKeys
                | KycStatus::Unreachable
                | KycStatus::Timeout
                | KycStatus::ExchangeInternal => Severity::Good,
            },
        }
    }
}

/// All findings about a shop; about the daemon, too, for its operator.
#[derive(Debug)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Those about the shop with this `status`, which customers reach at `base_url`.
    pub fn of(status: &ShopStatus, base_url: &BaseUrl, now: Timestamp) -> Self {
        let mut found = vec![Finding::address(base_url)];
        found.extend(status.is_unnamed.then_some(Finding::Unnamed));
        let has_none = status.accounts.is_empty();
        found.extend(has_none.then_some(Finding::NoAccount { is_manager: false }));
        found.extend(status.exchanges.is_empty().then_some(Finding::NoExchange));
        found.extend(status.exchanges.iter().map(|exchange| {
            Finding::Exchange(match exchange.is_ready(now) {
                true => ExchangeKeys::Usable,
                false => ExchangeKeys::Unusable,
            })
        }));
        found.extend(status.kyc.iter().map(|kyc| Finding::Payout(kyc.status)));
        found.extend(status.webhooks.iter().copied().map(Finding::Webhook));
        found.extend(status.has_lost_events.then_some(Finding::LostEvents));
        let is_doubtful = !status.is_time_sure && !status.webhooks.is_empty();
        found.extend(is_doubtful.then_some(Finding::DoubtfulClock));
        if let Some(machine) = &status.machine {
            found.push(Finding::Disk(machine.storage.free_bytes));
            found.push(Finding::backup(machine.storage.last_backup, now));
        }
        Self(found)
    }

    fn any(&self, is_so: impl Fn(&Finding) -> bool) -> bool {
        self.0.iter().any(is_so)
    }

    /// Whether all that is said of a subject, and something is, is so: `is_so` answers `None` for others.
    fn all(&self, is_so: impl Fn(&Finding) -> Option<bool>) -> bool {
        let mut said = self.0.iter().filter_map(is_so).peekable();
        said.peek().is_some() && said.all(|is_so| is_so)
    }

    /// Whether the shop's name is still its instance ID.
    pub fn is_unnamed(&self) -> bool {
        self.any(|found| matches!(found, Finding::Unnamed))
    }

    /// Whether the shop has no account in use.
    pub fn has_no_account(&self) -> bool {
        self.any(|found| matches!(found, Finding::NoAccount { .. }))
    }

    /// Whether no exchange is trusted.
    pub fn has_no_exchange(&self) -> bool {
        self.any(|found| matches!(found, Finding::NoExchange))
    }

    /// Whether there are exchanges, but none with valid keys.
    pub fn are_exchanges_silent(&self) -> bool {
        self.all(|found| match found {
            Finding::Exchange(keys) => Some(*keys == ExchangeKeys::Unusable),
            _ => None,
        })
    }

    /// Whether no exchange can pay to any account in use, as far as known.
    pub fn can_nobody_pay(&self) -> bool {
        self.all(|found| match found {
            Finding::Payout(status) => Some(*status == KycStatus::WireImpossible),
            _ => None,
        })
    }

    /// Whether an exchange requires something (KYC) before it pays.
    pub fn is_identification_required(&self) -> bool {
        self.any(|found| {
            matches!(found, Finding::Payout(KycStatus::Required | KycStatus::WireRequired))
        })
    }

    /// Whether a webhook fails, or is out of use because it did.
    pub fn does_webhook_fail(&self) -> bool {
        self.any(|found| matches!(found, Finding::Webhook(state) if !state.is_good()))
    }

    /// Whether events of webhooks were lost.
    pub fn has_lost_events(&self) -> bool {
        self.any(|found| matches!(found, Finding::LostEvents))
    }

    /// Whether receivers of webhooks may refuse calls because of their time.
    pub fn is_clock_doubtful(&self) -> bool {
        self.any(|found| matches!(found, Finding::DoubtfulClock))
    }

    /// Whether the disk is known to have little room; false for those who are not told of it.
    pub fn is_disk_nearly_full(&self) -> bool {
        self.any(|found| {
            matches!(found, Finding::Disk(Some(_))) && found.severity() > Severity::Good
        })
    }

    /// Whether there was no backup for long; `None` for those who are not told of it.
    pub fn is_backup_old(&self) -> Option<bool> {
        let backup = self.0.iter().find(|found| matches!(found, Finding::Backup(_)))?;
        Some(backup.severity() > Severity::Good)
    }

    /// Whether only this machine reaches the shop.
    pub fn is_local(&self) -> bool {
        self.any(|found| matches!(found, Finding::Address { reach: Reach::Machine, .. }))
    }

    /// Whether others can read what customers and the shop send.
    pub fn is_plain(&self) -> bool {
        self.any(|found| matches!(found, Finding::Address { is_encrypted: false, .. }))
    }
}

impl Till {
    /// Whether the store can be read and written: a [`Finding::Database`].
    pub async fn readiness(&self) -> Finding {
        Finding::Database(self.store.healthy().await.err())
    }

    /// All findings about the principal's shop, which customers reach at `base_url`, and the state that
    /// they are about. Sends no request.
    ///
    /// # Errors
    /// As [`Till::shop_status`].
    pub async fn shop_findings(
        &self,
        principal: &super::Principal,
        base_url: &BaseUrl,
    ) -> Result<(ShopStatus, Findings), Error> {
        let status = self.shop_status(principal).await?;
        let findings = Findings::of(&status, base_url, self.now());
        Ok((status, findings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_a_warning_and_none_a_failure() {
        let of = |free| Finding::Disk(free).severity();
        assert_eq!(of(Some(LITTLE_ROOM)), Severity::Good);
        assert_eq!(of(Some(LITTLE_ROOM - 1)), Severity::Warning);
        assert_eq!(of(Some(NO_ROOM)), Severity::Warning);
        assert_eq!(of(Some(NO_ROOM - 1)), Severity::Failure);
        assert_eq!(of(None), Severity::Warning);
    }

    #[test]
    fn a_backup_is_old_after_two_days() {
        let now = Timestamp::from_secs(1_000_000).unwrap();
        let of = |secs| Finding::backup(Timestamp::from_secs(secs).ok(), now);
        let fresh = of(1_000_000 - 2 * 86_400);
        assert!(matches!(fresh, Finding::Backup(BackupAge::Recent(172_800))), "{fresh:?}");
        assert_eq!(fresh.severity(), Severity::Good);
        let old = of(1_000_000 - 2 * 86_400 - 1);
        assert!(matches!(old, Finding::Backup(BackupAge::Old(172_801))), "{old:?}");
        assert_eq!(old.severity(), Severity::Warning);
        assert_eq!(Finding::backup(None, now).severity(), Severity::Warning);
    }

    #[test]
    fn only_a_public_encrypted_address_is_good_and_only_one_that_leads_nowhere_fails() {
        let of = |url: &str| Finding::address(&BaseUrl::parse(url).unwrap()).severity();
        assert_eq!(of("https://shop.example/a/"), Severity::Good);
        assert_eq!(of("http://abcdef.onion/"), Severity::Good);
        for url in ["http://shop.example/", "https://localhost/", "https://192.168.1.4/"] {
            assert_eq!(of(url), Severity::Warning, "{url}");
        }
        assert_eq!(of("https://0.0.0.0/"), Severity::Failure);
    }
}
