//! Deposits on their way to an exchange: what all of an order have in common, and why one was not taken.

use tokio::sync::mpsc;

use super::check::PaymentContext;
use crate::exchange::Exchange;
use crate::model::account::Account;
use crate::model::instance::InstanceSerial;
use crate::model::order::OrderSerial;
use crate::store::deposits::NewDeposit;
use crate::store::kyc::AccountAtExchange;
use crate::till::exchange_error::ExchangeError;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::sign::SigningKey;

/// The data common to all deposits of an order.
#[derive(Clone)]
pub(super) struct PendingDeposit {
    pub(super) instance: InstanceSerial,
    pub(super) shop: InstanceId,
    pub(super) order: OrderSerial,
    pub(super) order_id: OrderId,
    pub(super) context: PaymentContext,
    pub(super) account: Account,
    /// The shop's.
    pub(super) key: SigningKey,
    /// The session of the payment.
    pub(super) session: Option<SessionId>,
    /// The payment that waits for an exchange's refusal, if there is one.
    pub(super) refused: Option<mpsc::Sender<ExchangeError>>,
}

impl PendingDeposit {
    /// The account, as this exchange sees it.
    pub(super) fn pair(&self, exchange: &Exchange) -> AccountAtExchange {
        AccountAtExchange {
            instance: self.instance,
            h_wire: self.account.h_wire,
            exchange_url: exchange.trusted().base_url.clone(),
        }
    }

    /// The same for one coin, just as it was kept: with what the wallet signed along with it.
    pub(super) fn for_coin(&self, coin: &NewDeposit) -> Self {
        let mut pending = self.clone();
        pending.context.wallet_data_hash = coin.wallet_data_hash;
        pending.session = pending.session.or_else(|| coin.session.clone());
        pending
    }
}

/// Why an exchange did not confirm coins.
pub(super) struct NotTaken {
    pub(super) exchange_error: ExchangeError,
    /// It has answered this very request, and for good: of what was sent now it has nothing.
    pub(super) is_refused: bool,
}
