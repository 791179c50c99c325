//! The demo shop: a small web shop like any other, for `tilld demo`.
//!
//! It is independent of the daemon. It uses the till over HTTP, with a token, as a
//! shop's plug-in would; it knows nothing of orders but what the merchant API answers, and keeps
//! nothing itself: a visitor is a cookie, a purchase is an order at the till. The one thing that no
//! other shop has is a wallet of its own behind a button, so that buying can be tried without one.
//!
//! | module | |
//! | --- | --- |
//! | `catalog` | what there is to buy |
//! | `merchant_client` | what the shop asks the till, and what it makes of the answers |
//! | `visitor` | who is there; which requests come from our own pages |
//! | `reader` | in which words and numbers pages speak to them |
//! | `demo_wallet` | the demo wallet |
//! | `front`, `purchase`, `article` | the pages, by what a visitor wants |
//! | `page` | how all pages look, and what browsers may do with them |

mod article;
mod catalog;
mod demo_wallet;
mod failure;
mod form;
mod front;
mod merchant_client;
mod page;
mod purchase;
mod reader;
mod visitor;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{Resource, Route, guard};

pub use self::catalog::{CURRENCY, templates};
use self::demo_wallet::DemoWallet;
pub use self::failure::Error;
use self::failure::Failure;
use self::merchant_client::MerchantClient;
use crate::wallet::Wallet;
use taler::base32::HashCode;
use taler::hash;
use taler::web::BaseUrl;
use ui::once::Submissions;

/// How many forms are remembered, and how long, so that one that is sent twice acts once.
const MOST_FORMS: usize = 1024;
const FORM_LIFE: Duration = Duration::from_secs(3600);

/// What a demo shop is made of.
pub struct Parts {
    /// Where till and shop answer; the shop's pages are below `shop/`.
    pub base_url: BaseUrl,
    /// Where the exchange answers.
    pub exchange: BaseUrl,
    /// The shop's token at the till: `secret-token:…`.
    pub token: String,
    /// The wallet behind the buttons.
    pub wallet: Wallet,
}

/// The demo shop. Cheap to clone; all clones are one shop.
#[derive(Clone)]
pub struct Demo(Arc<Inner>);

struct Inner {
    base_url: BaseUrl,
    merchant: MerchantClient,
    wallet: DemoWallet,
    /// Signs the forms that we hand out.
    csrf_token: HashCode,
    /// Where forms led that were sent before.
    forms: Submissions<String>,
    /// Whether the exchange's list of keys was there once.
    is_open: AtomicBool,
}

impl Demo {
    /// A shop that has not asked anybody anything yet.
    ///
    /// # Errors
    /// [`Error`] when there can be no connections, or the token is none.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        let Parts { base_url, exchange, token, wallet } = parts;
        Ok(Self(Arc::new(Inner {
            merchant: MerchantClient::new(&base_url, exchange.clone(), &token)?,
            wallet: DemoWallet::new(wallet, exchange),
            // The token is the only secret of a shop that keeps nothing.
            csrf_token: hash::sha512(format!("forms of the demo shop, {token}").as_bytes()),
            base_url,
            forms: Submissions::new(MOST_FORMS, FORM_LIFE),
            is_open: AtomicBool::new(false),
        })))
    }

    /// All pages, to be mounted at the root before anything that takes every path.
    pub fn routes(&self) -> impl HttpServiceFactory + use<> {
        let get = |path: &str, route: Route| -> Resource {
            web::resource(path)
                .route(route.guard(guard::Any(guard::Get()).or(guard::Head())))
                .default_service(web::to(|| async { Err::<String, _>(Failure::Method) }))
        };
        let post = |path: &str, route: Route| -> Resource {
            web::resource(path)
                .route(route.guard(guard::Post()))
                .default_service(web::to(|| async { Err::<String, _>(Failure::Method) }))
        };
        web::scope("/shop")
            .app_data(Data::new(self.clone()))
            .wrap(from_fn(page::around))
            .service(get("", web::to(front::to_front)))
            .service(get("/", web::to(front::front)))
            .service(get("/files/{name}", web::to(page::file)))
            .service(post("/withdraw", web::to(front::withdraw)))
            .service(post("/tip", web::to(front::tip)))
            .service(post("/buy", web::to(purchase::buy)))
            .service(get("/orders/{id}", web::to(purchase::show)))
            .service(post("/orders/{id}/pay", web::to(purchase::pay)))
            .service(post("/orders/{id}/refund", web::to(purchase::refund)))
            .service(post("/orders/{id}/collect", web::to(purchase::collect)))
            .service(get("/goods/{id}", web::to(purchase::goods)))
            .service(get("/article", web::to(article::article)))
            .service(post("/article/pay", web::to(article::pay)))
            .default_service(web::to(|| async { Err::<String, _>(Failure::NotHere) }))
    }

    /// The address of one of the shop's own pages.
    fn url(&self, segments: &[&str]) -> String {
        let path: Vec<_> = ["shop"].iter().chain(segments).copied().collect();
        self.0.base_url.join(&path)
    }

    /// Whether there is an exchange to pay by. Its keys take a few seconds the first time.
    async fn is_open(&self) -> bool {
        if self.0.is_open.load(Ordering::Relaxed) {
            return true;
        }
        let is_open = self.0.merchant.has_exchange().await;
        self.0.is_open.fetch_or(is_open, Ordering::Relaxed);
        is_open
    }
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Demo({})", self.0.base_url)
    }
}
