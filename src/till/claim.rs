//! The use case of claiming: a wallet binds an order to its nonce and gets the signed contract (merchant-api 3.2).

use std::net::IpAddr;

use super::lookup::order;
use super::{Error, Till};
use crate::model::contract;
use crate::model::order::{Claim, ClaimToken, Order};
use crate::store::{Lane, Tx, deposits, orders};
use taler::base32::HashCode;
use taler::ids::{InstanceId, OrderId};
use taler::sign::merchant::ContractOffer;
use taler::sign::wallet::OrderUnclaim;
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::Timestamp;

/// A contract as its wallet gets it.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The contract's terms as canonical JSON.
    pub contract: String,
    /// The shop's signature over their hash.
    pub sig: Signature,
}

/// A claim that is ready to be kept, with the contract that it makes.
pub(super) struct Binding {
    pub(super) claim: Claim,
    pub(super) contract: String,
}

impl Binding {
    /// The terms of an unclaimed order after `nonce` claims it.
    pub(super) fn of(proposal: &str, nonce: PublicKey) -> Result<Self, Error> {
        let (contract, h_contract) =
            contract::bind(proposal, &nonce).map_err(|bad| Error::Damaged(bad.to_string()))?;
        Ok(Self { claim: Claim { nonce, h_contract }, contract })
    }

    /// Binds `order`, unless another wallet has meanwhile; returns the valid claim.
    pub(super) fn keep(
        self,
        tx: &mut Tx<'_>,
        order: &Order,
        now: Timestamp,
    ) -> Result<Claim, Error> {
        if let Some(claim) = &order.claim {
            return Ok(claim.clone());
        }
        orders::claim(tx, order, &self.claim, &self.contract, now)?;
        Ok(self.claim)
    }
}

impl Till {
    /// Lets the wallet with the key `nonce`, at `client`, claim an order. Asked again by the same wallet, it
    /// gives the same contract.
    ///
    /// # Errors
    /// [`Error::ClaimUnknown`] when there is no such order, or the token is wrong: a client that guesses
    /// does not learn which. [`Error::AlreadyClaimed`], [`Error::TooManyWrites`],
    /// [`Error::DiskReserve`].
    pub async fn claim(
        &self,
        instance: &InstanceId,
        order_id: OrderId,
        nonce: PublicKey,
        token: Option<ClaimToken>,
        client: Option<IpAddr>,
    ) -> Result<Claimed, Error> {
        let shop = self.shop(instance)?;
        let serial = shop.serial;
        let (there, terms) = self.store.read_in_place(|db| {
            let there = orders::find(db, serial, &order_id)?.ok_or(Error::ClaimUnknown)?;
            let terms = orders::terms(db, there.serial)?;
            Ok::<_, Error>((there, terms))
        })?;
        if there.token_fits(token.as_ref()) == Some(false) {
            return Err(Error::ClaimUnknown);
        }
        let (contract, h_contract) = match there.claim {
            Some(claim) if claim.nonce == nonce => (terms, claim.h_contract),
            Some(_) => return Err(Error::AlreadyClaimed(order_id)),
            None => {
                self.admit_stranger(client)?;
                let binding = Binding::of(&terms, nonce)?;
                let now = self.clock.now();
                self.store
                    .write_in(Lane::Strangers, move |tx| {
                        let there = order(tx, serial, &order_id);
                        let there = there.map_err(|_| Error::ClaimUnknown)?;
                        let claim = binding.keep(tx, &there, now)?;
                        if claim.nonce != nonce {
                            return Err(Error::AlreadyClaimed(order_id));
                        }
                        Ok((orders::terms(tx, there.serial)?, claim.h_contract))
                    })
                    .await?
            }
        };
        let key = shop.signing_key.ok_or_else(|| Error::InstanceDeleted(shop.id))?;
        Ok(Claimed { contract, sig: ContractOffer { h_contract }.sign(&key) })
    }

    /// Takes an order back from the wallet that has claimed it and wants it no more; its claim token
    /// is as good as before (merchant-api 3.3).
    ///
    /// # Errors
    /// [`Error::UnclaimSignature`]; [`Error::ClaimUnknown`] when the wallet does not have the order,
    /// has paid it, or has begun to; [`Error::TooManyWrites`], [`Error::DiskReserve`].
    pub async fn unclaim(
        &self,
        instance: &InstanceId,
        order_id: OrderId,
        nonce: PublicKey,
        h_contract: HashCode,
        unclaim_sig: Signature,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        let serial = self.serial(instance)?;
        if !(OrderUnclaim { h_contract }.verify(&nonce, &unclaim_sig)) {
            return Err(Error::UnclaimSignature);
        }
        self.admit_stranger(client)?;
        self.store
            .write_in(Lane::Strangers, move |tx| {
                let there = orders::find(tx, serial, &order_id)?.ok_or(Error::ClaimUnknown)?;
                let held = Claim { nonce, h_contract };
                let free = there.claim.as_ref() == Some(&held)
                    && there.paid.is_none()
                    && !deposits::are_there(tx, there.serial)?;
                if !free {
                    return Err(Error::ClaimUnknown);
                }
                let terms = contract::unbind(&orders::terms(tx, there.serial)?);
                let terms = terms.map_err(|bad| Error::Damaged(bad.to_string()))?;
                orders::unclaim(tx, &there, &nonce, &terms)?;
                Ok(())
            })
            .await
    }
}
