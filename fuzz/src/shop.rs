//! A shop in memory for fuzz targets: the real routes over the real till and a store of its own, asked
//! without a socket in between. Whatever it is asked, it must answer as documented.

use std::time::Duration;

use actix_web::App;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::rt::Runtime;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{Bytes, Data};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use system::clock::Clock;
use taler::ids::InstanceId;
use taler::payto::Payto;
use taler::web::BaseUrl;
use tempfile::TempDir;
use tilld::http::{Metrics, Settings};
use tilld::hub::{Hub, Limits};
use tilld::model::access::TokenScope;
use tilld::model::account::AccountDetails;
use tilld::store::{Durability, Options, Role, Store};
use tilld::till::{CreateAccount, CreateInstance, CreateToken, Till};

/// Where the shop says that it is.
const BASE: &str = "https://shop.example/";

type Ask = dyn Fn(TestRequest) -> LocalBoxFuture<'static, ServiceResponse>;

/// The shop. It is never taken down: at the end of a process its threads have nobody to stop them.
pub struct Shop {
    runtime: Runtime,
    ask: Box<Ask>,
    token: String,
    _folder: TempDir,
}

/// What the shop answers.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body; `Null` when there is none.
    pub body: Value,
}

impl Shop {
    /// Opens a shop with one instance, one account, and a token.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Nothing has to outlive the process.
        let options = Options { durability: Durability::None, ..Options::default() };
        let hub = Hub::new(Limits::default());
        let waker = hub.clone();
        let path = folder.path().join("tilld.db");
        let announce = move |topic: &_| waker.wake(topic);
        let store =
            Store::open_announcing(&path, Role::Daemon, options, announce).expect("a store");
        let config = tilld::config::load(&Default::default()).expect("defaults").config;
        let mut policy = tilld::server::policy(&config).expect("terms");
        // All that asks comes from one address, and as fast as it can.
        policy.strangers.network_burst = std::num::NonZeroU32::MAX;
        policy.strangers.template_burst = std::num::NonZeroU32::MAX;
        policy.strangers.max_open_orders = std::num::NonZeroU32::MAX;
        let till = Till::new(store, hub, policy, Clock::system());
        let settings = Settings {
            base_url: Some(BASE.parse::<BaseUrl>().expect("an address")),
            // Long enough to wait, short enough to go on.
            longest_poll: Duration::from_millis(1),
            ..Settings::default()
        };
        let runtime = Runtime::new().expect("a runtime");
        let token = runtime.block_on(furnish(&till));
        let service = runtime.block_on(init_service(
            App::new()
                .app_data(Data::new(till))
                .app_data(Data::new(settings))
                .app_data(Data::new(Metrics::default()))
                .service(tilld::http::public()),
        ));
        let service = std::rc::Rc::new(service);
        let ask = move |request: TestRequest| {
            let service = service.clone();
            async move { call_service(&*service, request.to_request()).await.map_into_boxed_body() }
                .boxed_local()
        };
        Self { runtime, ask: Box::new(ask), token, _folder: folder }
    }

    /// Asks; any answer that is not documented as one for clients ends the run.
    pub fn ask(&self, request: TestRequest) -> Answer {
        let (status, body) = self.runtime.block_on(async {
            let response = (self.ask)(request).await;
            (response.status(), read_body(response).await)
        });
        let answer = Answer { status, body: parsed(&body) };
        assert!(!status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED, "{answer:?}");
        if status.is_client_error() && status != StatusCode::PAYMENT_REQUIRED {
            assert!(answer.body["code"].as_u64().is_some_and(|code| code > 0), "{answer:?}");
            assert!(
                answer.body["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
                "{answer:?}"
            );
        }
        answer
    }

    /// Posts to a private address, as the shop.
    pub fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        let token = ("Authorization", format!("Bearer {}", self.token));
        self.ask(posting(path, body).insert_header(token))
    }

    /// Makes an order; its name.
    pub fn order(&self, order: &Value) -> String {
        let body = json!({ "order": order, "create_token": false }).to_string();
        let made = self.post("/private/orders", body);
        made.body["order_id"].as_str().expect("an order").to_owned()
    }
}

/// A request that posts JSON.
pub fn posting(path: &str, body: impl Into<Bytes>) -> TestRequest {
    let body: Bytes = body.into();
    TestRequest::post()
        .uri(path)
        .peer_addr(([127, 0, 0, 1], 1).into())
        .insert_header(("Content-Type", "application/json"))
        .set_payload(body)
}

/// A request that asks; `None` when HTTP itself could not carry it.
pub fn getting(path: &str) -> Option<TestRequest> {
    let uri = actix_web::http::Uri::try_from(path).ok()?;
    let asks = uri.path_and_query()?.as_str().to_owned();
    Some(TestRequest::get().uri(&asks).peer_addr(([127, 0, 0, 1], 1).into()))
}

fn parsed(body: &[u8]) -> Value {
    match body {
        [] => Value::Null,
        text => serde_json::from_slice(text).expect("an answer is JSON"),
    }
}

async fn furnish(till: &Till) -> String {
    let id = InstanceId::parse("admin").expect("a name");
    let settings = till.plain_settings("The shop");
    till.create_instance(CreateInstance { id: id.clone(), settings, auth: None })
        .await
        .expect("an instance");
    let principal = till.admit_operator(&id).await.expect("a principal");
    let payto_uri = Payto::parse("payto://iban/DE75512108001245126199?receiver-name=Shop");
    let account = CreateAccount {
        payto_uri: payto_uri.expect("an account"),
        details: AccountDetails::default(),
    };
    till.add_account(&principal, account).await.expect("an account");
    let scope: TokenScope = "all".parse().expect("a scope");
    let wish = CreateToken { scope, duration: None, description: None };
    till.issue_token(&principal, wish).await.expect("a token").key.reveal().to_owned()
}
