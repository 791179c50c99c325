//! What is deleted between somebody's being let in and their change: the change is refused with the
//! reason, and never a failure of the database. On the till itself, where that moment can be chosen.

use serde_json::{Value, json};
use system::clock::Clock;
use taler::ids::{InstanceId, OrderId, TemplateId};
use taler::template::{Template, TemplateContract};
use taler::web::BaseUrl;
use tilld::hub::{Hub, Limits};
use tilld::model::account::AccountDetails;
use tilld::model::order::{CounterPayment, PaymentMethod};
use tilld::store::{Options, Role, Store};
use tilld::till::{
    Auth, CreateAccount, CreateInstance, CreateOrder, CreateToken, Error, GrantRefund,
    ManualPayment, Password, Principal, Smaller, Till,
};

use crate::common::terms;

fn till(folder: &std::path::Path) -> Till {
    let store = Store::open(&folder.join("tilld.db"), Role::Daemon, Options::default()).unwrap();
    Till::new(store, Hub::new(Limits::default()), terms(), Clock::system())
}

fn account() -> CreateAccount {
    let payto_uri = "payto://iban/DE75512108001245126199?receiver-name=A".parse().unwrap();
    CreateAccount { payto_uri, details: AccountDetails::default() }
}

fn order(name: &str) -> CreateOrder {
    let Value::Object(order) = json!({ "order_id": name, "summary": "tea", "amount": "KUDOS:1" })
    else {
        unreachable!()
    };
    let with_token = false;
    CreateOrder {
        order,
        refund_delay: None,
        payment_target: None,
        session: None,
        with_token,
        cart: Default::default(),
        otp_id: None,
    }
}

fn template() -> Template {
    let Value::Object(contract) = json!({ "summary": "tea", "amount": "KUDOS:1" }) else {
        unreachable!()
    };
    Template {
        id: TemplateId::parse("tea").unwrap(),
        description: String::new(),
        contract: TemplateContract::parse(contract).unwrap(),
        editable_defaults: None,
        otp_id: None,
    }
}

/// An instance with an account and an order `old`, and its clerk.
async fn open(till: &Till, name: &str) -> Principal {
    let id = InstanceId::parse(name).unwrap();
    let settings = till.plain_settings("Shop");
    till.create_instance(CreateInstance { id: id.clone(), settings, auth: None }).await.unwrap();
    let clerk = till.admit_operator(&id).await.unwrap();
    till.add_account(&clerk, account()).await.unwrap();
    till.create_order(&clerk, order("old"), &base()).await.unwrap();
    clerk
}

fn base() -> BaseUrl {
    BaseUrl::parse("http://localhost/").unwrap()
}

/// What comes of every change that a clerk can make, by its name.
async fn changes(till: &Till, clerk: &Principal) -> Vec<(&'static str, Option<Error>)> {
    let old = || OrderId::parse("old").unwrap();
    let scope = "all".parse().unwrap();
    let payment = CounterPayment { method: PaymentMethod::parse("cash").unwrap(), reference: None };
    let refund = GrantRefund {
        total: "KUDOS:1".parse().unwrap(),
        reason: String::new(),
        smaller: Smaller::Refuse,
    };
    let password = Auth::Password(Password::parse("correct horse").unwrap());
    let id = &clerk.instance().id;
    vec![
        ("order", till.create_order(clerk, order("new"), &base()).await.err()),
        ("template", till.add_template(clerk, template()).await.err()),
        ("changed template", till.change_template(clerk, template()).await.err()),
        ("account", till.add_account(clerk, account()).await.err()),
        (
            "token",
            till.issue_token(clerk, CreateToken { scope, duration: None, description: None })
                .await
                .err(),
        ),
        (
            "payment",
            till.record_payment(
                clerk,
                old(),
                ManualPayment { payment, session: None, amount: None, given: None },
            )
            .await
            .err(),
        ),
        ("refund", till.grant_refund(clerk, old(), refund).await.err()),
        ("forgotten", till.forget(clerk, old(), vec![]).await.err()),
        ("deleted", till.delete_order(clerk, old(), true).await.err()),
        ("password", till.set_auth(clerk, password).await.err()),
        ("settings", till.change_instance(id, Clone::clone).await.err()),
    ]
}

#[actix_web::test]
async fn a_change_for_an_instance_that_went_meanwhile_says_that_it_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let till = till(dir.path());
    let clerk = open(&till, "purged").await;
    let id = clerk.instance().id.clone();
    till.purge_instance(&id, false).await.unwrap();
    for (what, error) in changes(&till, &clerk).await {
        let fits = matches!(
            error,
            Some(
                Error::InstanceUnknown(_)
                    | Error::NoAccount(_)
                    | Error::OrderUnknown(_)
                    | Error::TemplateUnknown(_)
            )
        );
        assert!(fits, "{what}: {error:?}");
    }
    // The next one of this name gets nothing of it.
    let next = open(&till, "purged").await;
    assert!(till.templates(&next).await.unwrap().is_empty());
    assert_eq!(till.accounts(&next).await.unwrap().len(), 1);
}

#[actix_web::test]
async fn nothing_is_added_to_an_instance_that_was_deleted_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let till = till(dir.path());
    let clerk = open(&till, "deleted").await;
    till.delete_instance(&clerk.instance().id, false).await.unwrap();
    for (what, error) in changes(&till, &clerk).await {
        let adds = ["order", "template", "account", "token", "payment", "password"].contains(&what);
        let is_told = matches!(error, Some(Error::InstanceDeleted(_)));
        assert!(is_told || !adds, "{what}: {error:?}");
        assert!(!matches!(error, Some(Error::Store(_))), "{what}: {error:?}");
    }
}
