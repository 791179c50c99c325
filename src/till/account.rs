//! Use cases of bank accounts: add, change, deactivate (merchant-api 6.3).

use super::lookup::still_there;
use super::{Error, Principal, Till};
use crate::model::account::{Account, AccountDetails};
use crate::store::accounts;
use system::random;
use taler::base32::{HashCode, Salt};
use taler::payto::Payto;

/// The request to add an account.
#[derive(Clone, Debug)]
pub struct CreateAccount {
    /// The full account, `receiver-name` included.
    pub payto_uri: Payto,
    /// The other details.
    pub details: AccountDetails,
}

impl Till {
    /// Adds an account to the principal's instance. One that was there before comes back with its old
    /// salt, so that its hash in old contracts stays true; asking again for the same is no error.
    ///
    /// # Errors
    /// [`Error::AccountExists`] when it is in use with other details, [`Error::NoReceiverName`],
    /// [`Error::InvalidField`].
    pub async fn add_account(
        &self,
        principal: &Principal,
        wish: CreateAccount,
    ) -> Result<Account, Error> {
        if wish.payto_uri.receiver_name().is_none_or(|name| name.is_empty()) {
            return Err(Error::NoReceiverName);
        }
        wish.details.check()?;
        let salt = Salt::new(random::<16>()?);
        let account = Account {
            h_wire: wish.payto_uri.h_wire(&salt),
            payto_uri: wish.payto_uri,
            salt,
            active: true,
            details: wish.details,
        };
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                let there = accounts::find_by_payto(tx, instance, &account.payto_uri)?;
                match there {
                    None => {
                        accounts::insert(tx, instance, &account)?;
                        log::info!("{shop}: added a bank account");
                        Ok(account)
                    }
                    Some(there) if there.active => match there.details == account.details {
                        true => Ok(there),
                        false => Err(Error::AccountExists),
                    },
                    Some(there) => {
                        accounts::set_active(tx, instance, &there.h_wire, true)?;
                        accounts::update(tx, instance, &there.h_wire, &account.details)?;
                        Ok(Account { active: true, details: account.details, ..there })
                    }
                }
            })
            .await
    }

    /// All accounts of the principal's instance, out of use ones too.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn accounts(&self, principal: &Principal) -> Result<Vec<Account>, Error> {
        let instance = principal.instance.serial;
        self.store.read(move |db| Ok(accounts::list(db, instance)?)).await
    }

    /// One account.
    ///
    /// # Errors
    /// [`Error::AccountUnknown`].
    pub async fn account(&self, principal: &Principal, h_wire: HashCode) -> Result<Account, Error> {
        let instance = principal.instance.serial;
        self.store
            .read(move |db| accounts::find(db, instance, &h_wire)?.ok_or(Error::AccountUnknown))
            .await
    }

    /// Changes what can be changed: what `change` makes of the old details.
    ///
    /// # Errors
    /// [`Error::AccountUnknown`].
    pub async fn change_account(
        &self,
        principal: &Principal,
        h_wire: HashCode,
        change: impl FnOnce(AccountDetails) -> AccountDetails + Send + 'static,
    ) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                let there = accounts::find(tx, instance, &h_wire)?.ok_or(Error::AccountUnknown)?;
                let details = change(there.details);
                details.check()?;
                accounts::update(tx, instance, &h_wire, &details)?;
                Ok(())
            })
            .await
    }

    /// Puts an account out of use. Contracts that name it stay good.
    ///
    /// # Errors
    /// [`Error::AccountNotActive`] when there is none in use.
    pub async fn remove_account(
        &self,
        principal: &Principal,
        h_wire: HashCode,
    ) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| match accounts::set_active(tx, instance, &h_wire, false)? {
                true => Ok(()),
                false => Err(Error::AccountNotActive),
            })
            .await
    }
}
