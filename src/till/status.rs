//! The state of a shop and of the daemon, for the status page; `health` judges it.

use super::{Error, ExchangeState, Kyc, Losses, Principal, Till, WebhookState};
use crate::model::account::Account;
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
    /// State of each of its webhooks.
    pub webhooks: Vec<WebhookState>,
    /// Whether events were lost since the daemon started; of any shop's, for the disk is shared.
    pub has_lost_events: bool,
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

/// Health of the daemon.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Number of parked requests.
    pub polls: usize,
    /// The database, its backups, and the disk.
    pub storage: StorageInfo,
}

impl Till {
    /// Health of the principal's shop. Sends no request.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn shop_status(&self, principal: &Principal) -> Result<ShopStatus, Error> {
        let instance = principal.instance.serial;
        let store = principal.instance.id.is_admin().then(|| self.store.clone());
        let (last_payment, mut accounts, webhooks, storage) = self
            .store
            .read::<_, Error>(move |db| {
                let last_payment = orders::last_paid(db, instance)?;
                let accounts = accounts::list(db, instance)?;
                let webhooks = webhooks::list(db, instance)?;
                let storage = store.map(|store| store.storage_info());
                Ok((last_payment, accounts, webhooks, storage))
            })
            .await?;
        accounts.retain(|account| account.active);
        let machine = storage.map(|storage| Machine { polls: self.hub.stats().parked, storage });
        let kyc = self.known_kyc(principal, &accounts)?;
        let exchanges = self.exchange_states();
        let is_unnamed = principal.instance.is_unnamed();
        Ok(ShopStatus {
            last_payment,
            accounts,
            is_unnamed,
            exchanges,
            kyc,
            webhooks: webhooks.iter().map(WebhookState::of).collect(),
            has_lost_events: self.webhook_losses() != Losses::default(),
            is_time_sure: self.is_time_sure(),
            machine,
        })
    }
}
