//! The HTTP layer: parse, call one use case, format the answer. No SQL, no business rules, no arithmetic.
//!
//! This file lists every route of the daemon with the permission that it needs. A test
//! walks the table; a private handler that is not in it admits no request.

mod accounts;
mod admin;
mod backoffice;
mod categories;
mod connection;
mod error;
mod etag;
mod extract;
mod groups;
mod headers;
mod instances;
mod kyc;
mod later;
#[cfg(feature = "legacy")]
mod legacy;
#[cfg(not(feature = "legacy"))]
#[path = "no_legacy.rs"]
mod legacy;
mod legal;
mod library;
mod metrics;
mod middleware;
mod openapi;
mod orders;
mod origin;
mod otp_devices;
mod out_of_stock;
mod pages;
mod pos;
mod pots;
mod products;
mod quantity;
mod read;
mod routes;
mod sessions;
mod settings;
mod shop;
mod statistics;
mod templates;
mod tokens;
mod transfers;
mod units;
mod webhooks;

use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, guard};

use self::error::Failure;
use self::routes::RouteLookup;
use crate::model::access::Permission::*;

pub use self::backoffice::Forms;
pub use self::connection::{Connection, noted};
pub use self::legacy::LEGACY;
pub use self::library::{BadDocument, Library};
pub use self::metrics::Metrics;
pub use self::routes::{Access, RouteSpec};
pub use self::settings::{Limits, Settings};

use Access::{
    AnySession, AnyToken, Management, Private, Public, Session, SessionBackground, Till,
    TillBackground,
};

macro_rules! routes {
    ($(#[$doc:meta])* $table:ident, $add:ident:
     $($method:ident $path:literal $access:expr => $handler:path;)*) => {
        $(#[$doc])*
        pub const $table: &[RouteSpec] =
            &[$(RouteSpec { method: stringify!($method), path: $path, access: $access }),*];

        fn $add(resources: &mut Resources) {
            $(resources.add($path, Method::$method, web::to($handler));)*
        }
    };
}

routes! {
    /// Routes of every instance: at the root for the special one, else below `/instances/$ID`.
    EVERYWHERE, add_everywhere:
    GET    "/orders/{id}"                   Public                      => orders::wallet::status;
    POST   "/orders/{id}/claim"             Public                      => orders::wallet::claim;
    POST   "/orders/{id}/paid"              Public                      => orders::wallet::paid;
    POST   "/orders/{id}/pay"               Public                      => orders::wallet::pay;
    POST   "/orders/{id}/abort"             Public                      => orders::wallet::abort;
    POST   "/orders/{id}/refund"            Public                      => orders::wallet::refund;
    POST   "/orders/{id}/unclaim"           Public                      => orders::wallet::unclaim;

    GET    "/sessions/{id}"                 Public                      => sessions::status;

    GET    "/private/orders"                Private(OrdersRead)         => orders::shop::list;
    POST   "/private/orders"                Private(OrdersWrite)        => orders::shop::create;
    GET    "/private/orders/{id}"           Private(OrdersRead)         => orders::shop::status;
    DELETE "/private/orders/{id}"           Private(OrdersWrite)        => orders::shop::delete;
    PATCH  "/private/orders/{id}/forget"    Private(OrdersWrite)        => orders::shop::forget;
    POST   "/private/orders/{id}/payments"  Private(PaymentsWrite)      => orders::shop::record_payment;
    POST   "/private/orders/{id}/refund"    Private(OrdersRefund)       => orders::shop::refund;

    GET    "/config"                        Public                      => shop::config;
    GET    "/exchanges"                     Public                      => shop::exchanges;
    GET    "/terms"                         Public                      => legal::terms;
    GET    "/privacy"                       Public                      => legal::privacy;
    POST   "/forgot-password"               Public                      => instances::forgot_password;

    POST   "/private/token"                 Public                      => tokens::create;
    DELETE "/private/token"                 AnyToken                    => tokens::log_out;
    GET    "/private/tokens"                Private(TokensRead)         => tokens::list;
    DELETE "/private/tokens/{id}"           Private(TokensWrite)        => tokens::revoke;

    GET    "/private"                       Private(InstancesRead)      => instances::own;
    PATCH  "/private"                       Private(InstancesWrite)     => instances::change_own;
    DELETE "/private"                       Private(InstancesWrite)     => instances::delete_own;
    POST   "/private/auth"                  Private(InstancesWrite)     => instances::auth_own;
    GET    "/private/kyc"                   Private(InstancesRead)      => kyc::own;

    GET    "/private/accounts"              Private(AccountsRead)       => accounts::list;
    POST   "/private/accounts"              Private(AccountsWrite)      => accounts::add;
    GET    "/private/accounts/{id}"         Private(AccountsRead)       => accounts::show;
    PATCH  "/private/accounts/{id}"         Private(AccountsWrite)      => accounts::change;
    DELETE "/private/accounts/{id}"         Private(AccountsWrite)      => accounts::remove;
    POST   "/private/accounts/{id}/kycauth" Private(AccountsWrite)      => kyc::transfers;

    GET    "/private/otp-devices"           Private(OtpDevicesRead)     => otp_devices::list;
    POST   "/private/otp-devices"           Private(OtpDevicesWrite)    => otp_devices::add;
    GET    "/private/otp-devices/{id}"      Private(OtpDevicesRead)     => otp_devices::show;
    PATCH  "/private/otp-devices/{id}"      Private(OtpDevicesWrite)    => otp_devices::change;
    DELETE "/private/otp-devices/{id}"      Private(OtpDevicesWrite)    => otp_devices::remove;

    GET    "/private/templates"             Private(TemplatesRead)      => templates::list;
    POST   "/private/templates"             Private(TemplatesWrite)     => templates::add;
    GET    "/private/templates/{id}"        Private(TemplatesRead)      => templates::show;
    PATCH  "/private/templates/{id}"        Private(TemplatesWrite)     => templates::change;
    DELETE "/private/templates/{id}"        Private(TemplatesWrite)     => templates::remove;
    GET    "/templates/{id}"                Public                      => templates::public;
    POST   "/templates/{id}"                Public                      => templates::instantiate;

    GET    "/private/products"              Private(ProductsRead)       => products::list;
    POST   "/private/products"              Private(ProductsWrite)      => products::add;
    GET    "/private/products/{id}"         Private(ProductsRead)       => products::show;
    PATCH  "/private/products/{id}"         Private(ProductsWrite)      => products::change;
    DELETE "/private/products/{id}"         Private(ProductsWrite)      => products::remove;
    POST   "/private/products/{id}/lock"    Private(ProductsLock)       => products::lock;
    GET    "/private/categories"            Private(CategoriesRead)     => categories::list;
    POST   "/private/categories"            Private(CategoriesWrite)    => categories::add;
    GET    "/private/categories/{id}"       Private(CategoriesRead)     => categories::show;
    PATCH  "/private/categories/{id}"       Private(CategoriesWrite)    => categories::change;
    DELETE "/private/categories/{id}"       Private(CategoriesWrite)    => categories::remove;
    GET    "/private/units"                 Private(UnitsRead)          => units::list;
    POST   "/private/units"                 Private(UnitsWrite)         => units::add;
    GET    "/private/units/{id}"            Private(UnitsRead)          => units::show;
    PATCH  "/private/units/{id}"            Private(UnitsWrite)         => units::change;
    DELETE "/private/units/{id}"            Private(UnitsWrite)         => units::remove;
    GET    "/private/groups"                Private(GroupsRead)         => groups::list;
    POST   "/private/groups"                Private(GroupsWrite)        => groups::add;
    PATCH  "/private/groups/{id}"           Private(GroupsWrite)        => groups::change;
    DELETE "/private/groups/{id}"           Private(GroupsWrite)        => groups::remove;
    GET    "/private/pots"                  Private(PotsRead)           => pots::list;
    POST   "/private/pots"                  Private(PotsWrite)          => pots::add;
    GET    "/private/pots/{id}"             Private(PotsRead)           => pots::show;
    PATCH  "/private/pots/{id}"             Private(PotsWrite)          => pots::change;
    DELETE "/private/pots/{id}"             Private(PotsWrite)          => pots::remove;
    GET    "/private/pos"                   Private(ProductsRead)       => pos::show;
    GET    "/private/pos-2024.json"         Public                      => pos::old;
    GET    "/private/webhooks"              Private(WebhooksRead)       => webhooks::list;
    POST   "/private/webhooks"              Private(WebhooksWrite)      => webhooks::add;
    GET    "/private/webhooks/{id}"         Private(WebhooksRead)       => webhooks::show;
    PATCH  "/private/webhooks/{id}"         Private(WebhooksWrite)      => webhooks::change;
    DELETE "/private/webhooks/{id}"         Private(WebhooksWrite)      => webhooks::remove;
    GET    "/private/webhooks/{id}/deliveries" Private(WebhooksRead)    => webhooks::deliveries;
    POST   "/private/webhooks/{id}/deliveries/{serial}/redeliver"
                                            Private(WebhooksWrite)      => webhooks::redeliver;
    POST   "/private/webhooks/{id}/redeliver" Private(WebhooksWrite)    => webhooks::redeliver_since;
    POST   "/private/webhooks/{id}/test"    Private(WebhooksWrite)      => webhooks::test;
    POST   "/private/webhooks/{id}/secret"  Private(WebhooksWrite)      => webhooks::new_secret;

    GET    "/private/transfers"             Private(TransfersRead)      => transfers::list;
    POST   "/private/transfers"             Private(TransfersWrite)     => transfers::confirm;
    DELETE "/private/transfers/{id}"        Private(TransfersWrite)     => transfers::remove;
    GET    "/private/incoming"              Private(TransfersRead)      => transfers::incoming;
    GET    "/private/incoming/{id}"         Private(TransfersRead)      => transfers::incoming_one;
    GET    "/private/statistics-amount/{id}" Private(StatisticsRead)    => statistics::own_amount;
    GET    "/private/statistics-counter/{id}" Private(StatisticsRead)   => statistics::own_counter;
}

routes! {
    /// Routes of every instance that protocol 27 has and tilld does not offer yet; see `later`.
    LATER, add_later:

    GET    "/private/statistics-report/{id}" Private(StatisticsRead)    => later::private;
    GET    "/private/reports"               Private(ReportsRead)        => later::private;
    POST   "/private/reports"               Private(ReportsWrite)       => later::private;
    GET    "/private/reports/{id}"          Private(ReportsRead)        => later::private;
    PATCH  "/private/reports/{id}"          Private(ReportsWrite)       => later::private;
    DELETE "/private/reports/{id}"          Private(ReportsWrite)       => later::private;

    GET    "/private/tokenfamilies"         Private(TokenFamiliesRead)  => later::private;
    POST   "/private/tokenfamilies"         Private(TokenFamiliesWrite) => later::private;
    GET    "/private/tokenfamilies/{id}"    Private(TokenFamiliesRead)  => later::private;
    PATCH  "/private/tokenfamilies/{id}"    Private(TokenFamiliesWrite) => later::private;
    DELETE "/private/tokenfamilies/{id}"    Private(TokenFamiliesWrite) => later::private;
    GET    "/private/donau"                 Private(DonauRead)          => later::private;
    POST   "/private/donau"                 Private(DonauWrite)         => later::private;
    DELETE "/private/donau/{id}"            Private(DonauWrite)         => later::private;
}

routes! {
    /// The same for routes that exist at the root only.
    LATER_ROOT, add_later_root:
    GET    "/reports/{id}"                  Public                      => later::public;
    POST   "/reports/{id}"                  Public                      => later::public;
}

routes! {
    /// Routes that exist at the root only.
    ROOT, add_root:
    GET    "/"                              Public                      => shop::index;
    GET    "/agpl"                          Public                      => shop::agpl;
    GET    "/files/{id}"                    Public                      => pages::file;
    GET    "/products/{id}/image"           Public                      => products::image;
    POST   "/instances"                     Public                      => instances::provision;
    GET    "/management/instances"          Management(InstancesRead)   => instances::list;
    POST   "/management/instances"          Management(InstancesWrite)  => instances::create;
    GET    "/management/instances/{id}"     Management(InstancesRead)   => instances::show;
    PATCH  "/management/instances/{id}"     Management(InstancesWrite)  => instances::change;
    DELETE "/management/instances/{id}"     Management(InstancesWrite)  => instances::delete;
    POST   "/management/instances/{id}/auth" Management(InstancesWrite) => instances::auth;
    GET    "/management/instances/{id}/kyc" Management(InstancesRead)   => kyc::of;
    GET    "/management/instances/{id}/statistics-amount/{slug}"
                                            Management(StatisticsRead)  => statistics::amount_of;
    GET    "/management/instances/{id}/statistics-counter/{slug}"
                                            Management(StatisticsRead)  => statistics::counter_of;
}

routes! {
    /// The back office: pages for the shopkeeper's browser, all below `/webui`. Every POST is a form
    /// of ours, sent from a page of ours; see `backoffice`.
    OFFICE, add_office:
    GET    ""                               AnySession                     => backoffice::check_list::home;
    GET    "/setup"                         Public                      => backoffice::setup::page;
    POST   "/setup"                         Public                      => backoffice::setup::submit;
    GET    "/sign-in"                       Public                      => backoffice::sign_in::page;
    POST   "/sign-in"                       Public                      => backoffice::sign_in::submit;
    POST   "/sign-out"                      AnySession                     => backoffice::sign_in::leave;
    GET    "/orders"                        Session(OrdersRead)            => backoffice::orders::page;
    GET    "/orders-live"                   SessionBackground(OrdersRead)           => backoffice::orders::live;
    GET    "/orders/{id}"                   Session(OrdersRead)            => backoffice::order::page;
    GET    "/orders/{id}/live"              TillBackground(OrdersRead)           => backoffice::order::live;
    GET    "/orders/{id}/receipt"           Till(OrdersRead)            => backoffice::receipt::page;
    POST   "/orders/{id}/refund"            Session(OrdersRefund)          => backoffice::order::refund;
    POST   "/orders/{id}/payments"          Session(PaymentsWrite)         => backoffice::order::pay;
    POST   "/orders/{id}/return"            Session(ProductsWrite)         => backoffice::order::put_back;
    POST   "/orders/{id}/delete"            Session(OrdersWrite)           => backoffice::order::delete;
    GET    "/new-order"                     Session(OrdersRead)            => backoffice::new_order::page;
    POST   "/new-order"                     Session(OrdersWrite)           => backoffice::new_order::submit;
    GET    "/till"                          Till(OrdersRead)               => backoffice::till::page;
    POST   "/till"                          Till(OrdersWrite)              => backoffice::till::begin;
    GET    "/till/{id}"                     Till(OrdersRead)               => backoffice::till::sale;
    POST   "/till/{id}/payment"             Till(PaymentsWrite)            => backoffice::till::pay;
    POST   "/till/{id}/cancel"              Till(OrdersWrite)              => backoffice::till::cancel;
    POST   "/till/{id}/undo"                Session(OrdersRefund)          => backoffice::till::undo;
    GET    "/pictures/{id}"                 TillBackground(ProductsRead)   => backoffice::pictures::show;
    GET    "/export"                        Session(OrdersRead)            => backoffice::export::page;
    GET    "/export-file"                   Session(OrdersRead)            => backoffice::export::file;
    GET    "/today"                         Till(OrdersRead)               => backoffice::today::page;
    GET    "/cashier"                       Public                      => backoffice::cashier::page;
    POST   "/cashier"                       Public                      => backoffice::cashier::submit;
    GET    "/cashiers"                      Session(TokensRead)            => backoffice::cashiers::page;
    POST   "/cashiers"                      Session(TokensWrite)           => backoffice::cashiers::add;
    POST   "/cashiers/{id}/pin"             Session(TokensWrite)           => backoffice::cashiers::set_pin;
    POST   "/cashiers/{id}/remove"          Session(TokensWrite)           => backoffice::cashiers::remove;
    POST   "/till-devices"                  Session(TokensWrite)           => backoffice::cashiers::add_device;
    POST   "/till-devices/{id}/remove"      Session(TokensWrite)           => backoffice::cashiers::remove_device;
    GET    "/templates"                     Session(TemplatesRead)         => backoffice::templates::page;
    GET    "/new-template"                  Session(TemplatesRead)         => backoffice::templates::blank;
    POST   "/new-template"                  Session(TemplatesWrite)        => backoffice::templates::add;
    GET    "/templates/{id}"                Session(TemplatesRead)         => backoffice::templates::show;
    POST   "/templates/{id}"                Session(TemplatesWrite)        => backoffice::templates::change;
    POST   "/templates/{id}/delete"         Session(TemplatesWrite)        => backoffice::templates::delete;
    GET    "/products"                      Session(ProductsRead)          => backoffice::products::page;
    GET    "/new-product"                   Session(ProductsRead)          => backoffice::products::blank;
    POST   "/new-product"                   Session(ProductsWrite)         => backoffice::products::add;
    GET    "/products/{id}"                 Session(ProductsRead)          => backoffice::products::show;
    POST   "/products/{id}"                 Session(ProductsWrite)         => backoffice::products::change;
    POST   "/products/{id}/stock"           Session(ProductsWrite)         => backoffice::products::move_stock;
    POST   "/products/{id}/delete"          Session(ProductsWrite)         => backoffice::products::delete;
    GET    "/pictures/{id}"                 Session(ProductsRead)          => backoffice::pictures::show;
    GET    "/categories"                    Session(CategoriesRead)        => backoffice::categories::page;
    POST   "/categories"                    Session(CategoriesWrite)       => backoffice::categories::add;
    GET    "/categories/{id}"               Session(CategoriesRead)        => backoffice::categories::show;
    POST   "/categories/{id}"               Session(CategoriesWrite)       => backoffice::categories::change;
    POST   "/categories/{id}/delete"        Session(CategoriesWrite)       => backoffice::categories::delete;
    GET    "/product-import"                Session(ProductsRead)          => backoffice::product_import::page;
    POST   "/product-import"                Session(ProductsWrite)         => backoffice::product_import::submit;
    POST   "/product-import/apply"          Session(ProductsWrite)         => backoffice::product_import::apply;
    GET    "/product-export"                Session(ProductsRead)          => backoffice::product_import::export;
    GET    "/otp-devices"                   Session(OtpDevicesRead)        => backoffice::otp_devices::page;
    GET    "/new-otp-device"                Session(OtpDevicesRead)        => backoffice::otp_devices::blank;
    POST   "/new-otp-device"                Session(OtpDevicesWrite)       => backoffice::otp_devices::add;
    GET    "/otp-devices/{id}"              Session(OtpDevicesRead)        => backoffice::otp_devices::show;
    POST   "/otp-devices/{id}"              Session(OtpDevicesWrite)       => backoffice::otp_devices::change;
    POST   "/otp-devices/{id}/key"          Session(OtpDevicesWrite)       => backoffice::otp_devices::renew;
    POST   "/otp-devices/{id}/delete"       Session(OtpDevicesWrite)       => backoffice::otp_devices::delete;
    GET    "/accounts"                      Session(AccountsRead)          => backoffice::accounts::page;
    POST   "/accounts"                      Session(AccountsWrite)         => backoffice::accounts::add;
    POST   "/accounts/{id}/retire"          Session(AccountsWrite)         => backoffice::accounts::retire;
    POST   "/accounts/{id}/use"             Session(AccountsWrite)         => backoffice::accounts::resume;
    GET    "/tokens"                        Session(TokensRead)            => backoffice::tokens::page;
    POST   "/tokens"                        Session(TokensWrite)           => backoffice::tokens::create;
    GET    "/tokens/{id}/revoke"            Session(TokensRead)            => backoffice::tokens::ask_to_revoke;
    POST   "/tokens/{id}/revoke"            Session(TokensWrite)           => backoffice::tokens::revoke;
    GET    "/webhooks"                      Session(WebhooksRead)          => backoffice::webhooks::page;
    GET    "/new-webhook"                   Session(WebhooksRead)          => backoffice::webhooks::blank;
    POST   "/new-webhook"                   Session(WebhooksWrite)         => backoffice::webhooks::add;
    GET    "/webhooks/{id}"                 Session(WebhooksRead)          => backoffice::webhooks::show;
    POST   "/webhooks/{id}"                 Session(WebhooksWrite)         => backoffice::webhooks::change;
    POST   "/webhooks/{id}/secret"          Session(WebhooksWrite)         => backoffice::webhooks::renew_secret;
    POST   "/webhooks/{id}/test"            Session(WebhooksWrite)         => backoffice::webhooks::test;
    POST   "/webhooks/{id}/resume"          Session(WebhooksWrite)         => backoffice::webhooks::resume;
    POST   "/webhooks/{id}/resend"          Session(WebhooksWrite)         => backoffice::webhooks::resend;
    POST   "/webhooks/{id}/delete"          Session(WebhooksWrite)         => backoffice::webhooks::delete;
    GET    "/details"                       Session(InstancesRead)         => backoffice::details::page;
    POST   "/details"                       Session(InstancesWrite)        => backoffice::details::change;
    GET    "/password"                      Session(InstancesRead)         => backoffice::password::page;
    POST   "/password"                      Session(InstancesWrite)        => backoffice::password::change;
    GET    "/status"                        Session(InstancesRead)         => backoffice::status::page;
    GET    "/check-list"                    Session(InstancesRead)         => backoffice::check_list::page;
    POST   "/check-list"                    Session(InstancesWrite)        => backoffice::check_list::hide;
    GET    "/exchanges"                     Session(InstancesRead)         => backoffice::exchanges::page;
    POST   "/exchanges"                     Session(InstancesWrite)        => backoffice::exchanges::ask;
    POST   "/exchanges/remove"              Session(InstancesWrite)        => backoffice::exchanges::remove;
    GET    "/new-exchange"                  Session(InstancesRead)         => backoffice::exchanges::compare;
    POST   "/new-exchange"                  Session(InstancesWrite)        => backoffice::exchanges::trust;
    GET    "/instances"                     Session(InstancesRead)         => backoffice::instances::page;
    POST   "/instances"                     Session(InstancesWrite)        => backoffice::instances::create;
    GET    "/instances/{id}"                Session(InstancesRead)         => backoffice::instances::show;
    POST   "/instances/{id}"                Session(InstancesWrite)        => backoffice::instances::change;
    POST   "/instances/{id}/password"       Session(InstancesWrite)        => backoffice::instances::reset;
    POST   "/instances/{id}/delete"         Session(InstancesWrite)        => backoffice::instances::delete;
    POST   "/instances/{id}/purge"          Session(InstancesWrite)        => backoffice::instances::purge;
}

routes! {
    /// The operator's own listener.
    ADMIN, add_admin:
    GET    "/livez"                         Public                      => admin::alive;
    GET    "/readyz"                        Public                      => admin::ready;
    GET    "/metrics"                       Public                      => admin::metrics;
    GET    "/openapi.json"                  Public                      => openapi::show;
}

/// Path of the back office.
const OFFICE_PATH: &str = "/webui";

/// The route of `request`.
fn row_of(request: &HttpRequest) -> Option<&'static RouteSpec> {
    known(request).or_else(|| legacy::row_of(request))
}

fn known(request: &HttpRequest) -> Option<&'static RouteSpec> {
    let pattern = request.match_pattern()?;
    if let Some(path) = pattern.strip_prefix(OFFICE_PATH) {
        let method = method_of(request);
        return OFFICE.iter().find(|row| row.path == path && row.method == method);
    }
    let path = pattern.strip_prefix("/instances/{instance}").unwrap_or(&pattern);
    let method = method_of(request);
    today().find(|row| row.path == path && row.method == method)
}

/// Every route of today's API; frequent ones come first.
fn today() -> impl Iterator<Item = &'static RouteSpec> {
    EVERYWHERE.iter().chain(ROOT).chain(LATER).chain(LATER_ROOT)
}

fn mount_everywhere(app: &mut ServiceConfig) {
    let mut resources = Resources::default();
    add_everywhere(&mut resources);
    add_later(&mut resources);
    resources.mount(app);
}

fn mount_root(app: &mut ServiceConfig) {
    let mut resources = Resources::default();
    add_root(&mut resources);
    add_later_root(&mut resources);
    resources.mount(app);
}

fn mount_office(app: &mut ServiceConfig) {
    let mut resources = Resources::default();
    add_office(&mut resources);
    resources.mount(app);
}

fn mount_admin(app: &mut ServiceConfig) {
    let mut resources = Resources::default();
    add_admin(&mut resources);
    resources.mount(app);
}

fn method_of(request: &HttpRequest) -> &str {
    match *request.method() {
        Method::HEAD => "GET",
        ref other => other.as_str(),
    }
}

/// Gathers the routes of each path, so that a wrong method is distinguished from a wrong path.
#[derive(Default)]
struct Resources(Vec<(&'static str, Vec<(Method, actix_web::Route)>)>);

impl Resources {
    fn add(&mut self, path: &'static str, method: Method, route: actix_web::Route) {
        match self.0.iter_mut().find(|(known, _)| *known == path) {
            Some((_, routes)) => routes.push((method, route)),
            None => self.0.push((path, vec![(method, route)])),
        }
    }

    /// Paths that begin alike, up to their first variable, go into a scope of their own, and there
    /// those that go on behind it into another: the router tries one pattern after the other, and so
    /// it skips them together, and reads a variable once.
    fn mount(self, app: &mut ServiceConfig) {
        for (start, group) in self.grouped(|path| path.find("/{").unwrap_or(path.len())) {
            // A scope takes all that begins like it, so it must not be made for `/private`, say.
            if group.is_one_path() {
                for (_, routes) in group.0 {
                    app.service(resource(start, routes));
                }
                continue;
            }
            let scope = |path| web::scope(path).default_service(web::to(legacy::fallback));
            let inner = group.grouped(|rest| rest.find('}').map_or(0, |brace| brace + 1));
            app.service(inner.into_iter().fold(scope(start), |outer, (variable, group)| {
                if group.is_one_path() {
                    let routes = group.0.into_iter().flat_map(|(_, routes)| routes);
                    return outer.service(resource(variable, routes.collect()));
                }
                let deeper = group.0.into_iter();
                outer.service(deeper.fold(scope(variable), |inner, (rest, routes)| {
                    inner.service(resource(rest, routes))
                }))
            }));
        }
    }

    /// Whether there is nothing but the path that the others would begin with.
    fn is_one_path(&self) -> bool {
        self.0.iter().all(|(rest, _)| rest.is_empty())
    }

    /// Cuts each path at `end`, and puts together those with the same beginning.
    fn grouped(self, end: impl Fn(&str) -> usize) -> Vec<(&'static str, Self)> {
        let mut groups: Vec<(&str, Self)> = Vec::new();
        for (path, routes) in self.0 {
            let (start, rest) = path.split_at(end(path));
            match groups.iter_mut().find(|(known, _)| *known == start) {
                Some((_, group)) => group.0.push((rest, routes)),
                None => groups.push((start, Self(vec![(rest, routes)]))),
            }
        }
        groups
    }
}

fn resource(
    path: &'static str,
    routes: Vec<(Method, actix_web::Route)>,
) -> impl HttpServiceFactory + 'static {
    let mut allowed: Vec<_> = routes.iter().map(|(method, _)| method.clone()).collect();
    if allowed.contains(&Method::GET) {
        allowed.push(Method::HEAD);
    }
    allowed.push(Method::OPTIONS);
    let mut resource = Resource::new(path);
    for (method, route) in routes {
        resource = resource.route(match method {
            Method::GET => route.guard(guard::Any(guard::Get()).or(guard::Head())),
            other => route.guard(guard::Method(other)),
        });
    }
    resource.default_service(web::to(move || {
        let allowed = allowed.clone();
        async move { Err::<HttpResponse, _>(Failure::Method(allowed)) }
    }))
}

/// All routes for wallets, browsers and shops. They need a [`Till`](crate::till::Till),
/// [`Settings`] and [`Metrics`] as application data.
pub fn public() -> impl HttpServiceFactory + 'static {
    web::scope("")
        .app_data(RouteLookup(row_of))
        .wrap(from_fn(middleware::normalize_path))
        .wrap(from_fn(middleware::public))
        // The router tries one after the other; frequent ones come first.
        .configure(legacy::mount_polls)
        .configure(mount_everywhere)
        .configure(mount_root)
        .service(
            web::scope("/instances/{instance}")
                .service(resource("", vec![(Method::GET, web::to(shop::index))]))
                .configure(mount_everywhere)
                .default_service(web::to(legacy::fallback)),
        )
        .service(
            web::scope(OFFICE_PATH)
                .wrap(from_fn(backoffice::guard))
                .configure(mount_office)
                .default_service(web::to(|| async { Err::<HttpResponse, _>(Failure::Path) })),
        )
        .default_service(web::to(legacy::fallback))
}

/// The operator's routes, on a listener of their own.
pub fn admin() -> impl HttpServiceFactory + 'static {
    web::scope("")
        .wrap(from_fn(middleware::admin))
        .configure(mount_admin)
        .default_service(web::to(|| async { Err::<HttpResponse, _>(Failure::Path) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_by_its_path_needs_credentials() {
        for row in today() {
            let closed = row.path.starts_with("/private") || row.path.starts_with("/management");
            // The routes that create a token take the password.
            let logins = [("POST", "/private/token"), ("GET", "/private/pos-2024.json")];
            let login = logins.contains(&(row.method, row.path));
            assert_eq!(row.access != Public, closed && !login, "{row:?}");
        }
    }

    #[test]
    fn the_back_office_opens_to_those_who_have_signed_in() {
        for row in OFFICE {
            let is_open = ["/sign-in", "/setup", "/cashier"].contains(&row.path);
            assert_eq!(row.access == Public, is_open, "{row:?}");
            match row.access {
                Session(permission)
                | SessionBackground(permission)
                | Till(permission)
                | TillBackground(permission) => {
                    let reads = permission.as_str().ends_with("-read");
                    assert_eq!(reads, row.method == "GET", "{row:?}");
                }
                _ => {}
            }
            assert!(["GET", "POST"].contains(&row.method), "browsers send no other: {row:?}");
        }
    }

    #[test]
    fn reading_asks_for_a_permission_to_read_and_changing_for_another() {
        for row in today() {
            if let Private(permission) | Management(permission) = row.access {
                let reads = permission.as_str().ends_with("-read");
                assert_eq!(reads, row.method == "GET", "{row:?}");
            }
        }
    }
}
