//! The health of a shop and of the daemon, for the status page.

use super::{Error, ExchangeState, Kyc, KycStatus, Losses, Principal, Till};
use crate::model::account::Account;
use crate::model::webhook::Webhook;
use crate::store::storage_info::StorageInfo;
use crate::store::{accounts, orders, webhooks};
use taler::time::Timestamp;

/// Health of a shop.
#[derive(Debug)]
pub struct ShopStatus {
    /// When it was paid last; `None`: never.
    pub last_payment: Option<Timestamp>,
    /// Its accounts in use.
    pub accounts: Vec<Account>,
    /// Whether its name is still its instance ID.
    pub is_unnamed: bool,
    /// The exchanges that new orders offer, in the operator's order.
    pub exchanges: Vec<ExchangeState>,
    /// KYC state of each account in use at each exchange, as far as known.
    pub kyc: Vec<Kyc>,
    /// State of its webhooks.
    pub webhooks: WebhookHealth,
    /// Whether the clock may be believed. Receivers refuse calls whose time is off.
    pub is_time_sure: bool,
    /// State of the daemon; only for the special instance.
    pub machine: Option<Machine>,
}

/// The steps before the first payment with coins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// A name that customers know.
    Name,
    /// An exchange whose coins are taken.
    Exchange,
    /// Currency of prices.
    Currency,
    /// An account that the money goes to.
    Account,
    /// An address that wallets can reach, safely.
    Address,
    /// Copies of the database.
    Backup,
}

impl ShopStatus {
    /// Whether the shop's name is still its instance ID.
    pub fn is_unnamed(&self) -> bool {
        self.is_unnamed
    }

    /// Whether there are exchanges, but none with valid keys.
    pub fn are_exchanges_silent(&self, now: Timestamp) -> bool {
        !self.exchanges.is_empty() && !self.exchanges.iter().any(|one| one.is_ready(now))
    }

    /// Whether no exchange can pay to any account in use, as far as known.
    pub fn can_nobody_pay(&self) -> bool {
        let impossible = |kyc: &Kyc| kyc.status == KycStatus::WireImpossible;
        !self.kyc.is_empty() && self.kyc.iter().all(impossible)
    }

    /// Whether an exchange requires something (KYC) before it pays.
    pub fn is_asked(&self) -> bool {
        let asked = [KycStatus::Required, KycStatus::WireRequired];
        self.kyc.iter().any(|kyc| asked.contains(&kyc.status))
    }

    /// Was there no backup for long? `None` for whom it is not to know.
    pub fn is_backup_old(&self, now: Timestamp) -> Option<bool> {
        self.machine.map(|machine| machine.premises.is_backup_old(now))
    }
}

/// State of the webhooks of a shop.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WebhookHealth {
    /// How many there are.
    pub all: usize,
    /// Those whose last call failed, or that are out of use because calls failed.
    pub failing: usize,
    /// Whether events were lost since the daemon started; of any shop's, for the disk is shared.
    pub has_losses: bool,
}

impl WebhookHealth {
    fn of(all: &[Webhook], losses: Losses) -> Self {
        let is_failing =
            |webhook: &&Webhook| webhook.failing_since.is_some() || webhook.disabled_why.is_some();
        Self {
            all: all.len(),
            failing: all.iter().filter(is_failing).count(),
            has_losses: losses != Losses::default(),
        }
    }
}

/// Health of the daemon.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Number of parked requests.
    pub polls: usize,
    /// The database, its backups, and the disk.
    pub premises: StorageInfo,
}

impl Till {
    /// Health of the principal's shop. Sends no request.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn shop_status(&self, principal: &Principal) -> Result<ShopStatus, Error> {
        let instance = principal.instance.serial;
        let store = principal.instance.id.is_admin().then(|| self.store.clone());
        let (last_payment, mut accounts, webhooks, premises) = self
            .store
            .read::<_, Error>(move |db| {
                let last_payment = orders::last_paid(db, instance)?;
                let accounts = accounts::list(db, instance)?;
                let webhooks = webhooks::list(db, instance)?;
                let premises = store.map(|store| store.storage_info());
                Ok((last_payment, accounts, webhooks, premises))
            })
            .await?;
        accounts.retain(|account| account.active);
        let machine = premises.map(|premises| Machine { polls: self.hub.stats().parked, premises });
        let kyc = self.known_kyc(principal, &accounts)?;
        let exchanges = self.exchange_states();
        let is_unnamed = principal.instance.is_unnamed();
        Ok(ShopStatus {
            last_payment,
            accounts,
            is_unnamed,
            exchanges,
            kyc,
            webhooks: WebhookHealth::of(&webhooks, self.webhook_losses()),
            is_time_sure: self.is_time_sure(),
            machine,
        })
    }
}
