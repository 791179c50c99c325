//! Handlers of instances: each manages itself under `/private`, the special one all under `/management`
//! (merchant-api 6.1 and 6.2).

mod auth;
mod management;
mod own;

#[cfg(test)]
pub(super) use self::management::operations as management;
pub(super) use self::management::{auth, change, create, delete, list, provision, show};
#[cfg(test)]
pub(super) use self::own::operations;
pub(super) use self::own::{auth_own, change_own, delete_own, forgot_password, own};
