//! Use cases of transfers: what has arrived, as the shop says, and what exchanges say (settlement 3.1 and 3.2).

use std::collections::BTreeSet;

use super::book;
use crate::model::instance::InstanceSerial;
use crate::model::transfer::{ExpectedTransferSerial, NO_EXCHANGE, TransferSerial, TransferSource};
use crate::store::settlements::{self, TransferredCoin};
use crate::store::transfers::{
    self, ConfirmedTransfer, ExpectedTransfer, NamedBy, TransferCounts, TransferFilter,
    TransferName,
};
use crate::store::{self, Read, accounts};
use crate::till::lookup::still_there;
use crate::till::{Error, Principal, Till};
use taler::amount::Amount;
use taler::base32::{HashCode, ShortHash};
use taler::payto::Payto;
use taler::web::BaseUrl;

/// Most transfers in one list.
pub const MAX_TRANSFERS: i64 = 1024;

/// A transfer that the shop has seen on its account.
#[derive(Clone, Debug)]
pub struct ConfirmTransfer {
    /// What arrived.
    pub credit_amount: Amount,
    /// The transfer's name, of its subject.
    pub wtid: ShortHash,
    /// On which account.
    pub payto_uri: Payto,
    /// Of which exchange, by the subject.
    pub exchange_url: BaseUrl,
}

/// A transfer with what it paid for.
#[derive(Clone, Debug)]
pub struct ExpectedDetails {
    /// The transfer.
    pub transfer: ExpectedTransfer,
    /// The coins in it, in the order of the exchange's list.
    pub coins: Vec<TransferredCoin>,
}

impl Till {
    /// Transfers that have arrived, beyond `offset`; a negative `limit` lists the newest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn transfers(
        &self,
        principal: &Principal,
        filter: TransferFilter,
        limit: i64,
        offset: Option<i64>,
    ) -> Result<Vec<ConfirmedTransfer>, Error> {
        self.listed(principal, filter, limit, move |db, instance, filter, limit| {
            transfers::list(db, instance, filter, limit, offset)
        })
        .await
    }

    /// Transfers that exchanges have named, as [`Self::transfers`].
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn expected_transfers(
        &self,
        principal: &Principal,
        filter: TransferFilter,
        limit: i64,
        offset: Option<i64>,
    ) -> Result<Vec<ExpectedTransfer>, Error> {
        self.listed(principal, filter, limit, move |db, instance, filter, limit| {
            transfers::list_expected(db, instance, filter, limit, offset)
        })
        .await
    }

    /// The transfers that `list` finds for the shop's own accounts.
    async fn listed<T: Send + 'static>(
        &self,
        principal: &Principal,
        filter: TransferFilter,
        limit: i64,
        list: impl FnOnce(&Read<'_>, InstanceSerial, &TransferFilter, i64) -> store::Result<Vec<T>>
        + Send
        + 'static,
    ) -> Result<Vec<T>, Error> {
        let instance = principal.instance.serial;
        let limit = limit.clamp(-MAX_TRANSFERS, MAX_TRANSFERS);
        self.store
            .read(move |db| {
                let Some(filter) = of_account(&own_accounts(db, instance)?, filter) else {
                    return Ok(Vec::new());
                };
                Ok(list(db, instance, &filter, limit)?)
            })
            .await
    }

    /// One of them, and what it paid for.
    ///
    /// # Errors
    /// [`Error::ExpectedTransferUnknown`].
    pub async fn expected_transfer(
        &self,
        principal: &Principal,
        serial: ExpectedTransferSerial,
    ) -> Result<ExpectedDetails, Error> {
        let instance = principal.instance.serial;
        self.store
            .read(move |db| {
                let transfer = transfers::find_expected(db, instance, serial)?;
                let transfer = transfer.filter(|transfer| transfer.is_named);
                let transfer = transfer.ok_or(Error::ExpectedTransferUnknown)?;
                let coins = settlements::wires_of_transfer(db, serial)?;
                Ok(ExpectedDetails { transfer, coins })
            })
            .await
    }

    /// Keeps that a transfer has arrived; the same again changes nothing. Orders of which exchanges have named this
    /// transfer count as wired then. The exchange is asked what the transfer paid for, later.
    ///
    /// # Errors
    /// [`Error::AccountUnknown`], [`Error::TransferConflict`].
    pub async fn confirm_transfer(
        &self,
        principal: &Principal,
        wish: ConfirmTransfer,
    ) -> Result<(), Error> {
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        if self.exchange(&wish.exchange_url).is_none() {
            log::info!(
                "the transfer {} cannot be asked for: code {NO_EXCHANGE}, the shop does not trust {}",
                wish.wtid,
                wish.exchange_url
            );
        }
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                let accounts = own_accounts(tx, instance)?;
                let h_wire =
                    same_account(&accounts, &wish.payto_uri).ok_or(Error::AccountUnknown)?.1;
                let account = accounts::serial_of(tx, instance, &h_wire)?;
                let account = account.ok_or(Error::AccountUnknown)?;
                let exchange_url = wish.exchange_url;
                let name = TransferName { instance, account, exchange_url, wtid: wish.wtid };
                let credit = &wish.credit_amount;
                match transfers::insert(tx, &name, credit, now, TransferSource::Api)? {
                    Some(before) if before != *credit => return Err(Error::TransferConflict),
                    Some(_) => return Ok(()),
                    None => {}
                }
                let expected = transfers::expect(tx, &name, NamedBy::Shop, None, now)?;
                let coins = settlements::wires_of_transfer(tx, expected)?;
                let orders: BTreeSet<_> = coins.into_iter().map(|coin| coin.order).collect();
                for order in orders {
                    book::settle_order(tx, order, now)?;
                    book::announce(tx, order)?;
                }
                Ok(())
            })
            .await?;
        self.note_settlement(now);
        Ok(())
    }

    /// Takes back that a transfer has arrived, as long as the exchange has said nothing of it.
    ///
    /// # Errors
    /// [`Error::TransferUnknown`], [`Error::TransferAnswered`].
    pub async fn delete_transfer(
        &self,
        principal: &Principal,
        serial: TransferSerial,
    ) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                if !transfers::is_there(tx, instance, serial)? {
                    return Err(Error::TransferUnknown);
                }
                if transfers::is_answered(tx, serial)? {
                    return Err(Error::TransferAnswered);
                }
                Ok(transfers::delete(tx, serial)?)
            })
            .await
    }

    /// How the transfers of all shops stand, for the operator.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn transfer_counts(&self) -> Result<TransferCounts, Error> {
        self.store.read(|db| Ok(transfers::counts(db)?)).await
    }
}

/// The accounts of an instance, those out of use as well: money may still come to them.
fn own_accounts(db: &Read<'_>, instance: InstanceSerial) -> Result<Vec<(Payto, HashCode)>, Error> {
    let all = accounts::list(db, instance)?.into_iter();
    Ok(all.map(|account| (account.payto_uri, account.h_wire)).collect())
}

/// The account that is meant: letter by letter, or else without the holder's name, as banks write it.
fn same_account<'a>(
    accounts: &'a [(Payto, HashCode)],
    payto: &Payto,
) -> Option<&'a (Payto, HashCode)> {
    let exact = accounts.iter().find(|(known, _)| known == payto);
    exact.or_else(|| accounts.iter().find(|(known, _)| known.normalized() == payto.normalized()))
}

/// The filter with the account's own spelling; `None` if the shop has no such account.
fn of_account(accounts: &[(Payto, HashCode)], filter: TransferFilter) -> Option<TransferFilter> {
    let Some(payto) = &filter.payto_uri else { return Some(filter) };
    let (known, _) = same_account(accounts, payto)?;
    Some(TransferFilter { payto_uri: Some(known.clone()), ..filter })
}
