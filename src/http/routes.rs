//! What a route is: its method, its path, and the credentials that it needs.
//!
//! `http/mod.rs` has the tables of all routes and lends them to each request, so that extractors and
//! middleware need not import it.

use actix_web::HttpRequest;

use crate::model::access::Permission;

/// The credentials that a route needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Any client.
    Public,
    /// A client with any valid token of the instance.
    AnyToken,
    /// A client with a token of the instance with this permission.
    Private(Permission),
    /// A client with a token of the special instance with this permission.
    Management(Permission),
    /// Any web session of the back office.
    AnySession,
    /// A web session of the back office with this permission.
    Session(Permission),
    /// The same, for polls of pages: these do not prolong the web session.
    SessionBackground(Permission),
    /// A web session with this permission, also a cashier's, which opens nothing else.
    Till(Permission),
    /// The same, for polls of pages.
    TillBackground(Permission),
}

/// One route: a method, a path, and the credentials that it needs.
#[derive(Clone, Copy, Debug)]
pub struct RouteSpec {
    /// The HTTP method. `HEAD` is answered wherever `GET` is.
    pub method: &'static str,
    /// The path, with names in braces.
    pub path: &'static str,
    /// The credentials that a route needs.
    pub access: Access,
}

/// Finds the route of a request in the tables; application data of the public listener.
#[derive(Clone, Copy)]
pub(super) struct RouteLookup(pub(super) fn(&HttpRequest) -> Option<&'static RouteSpec>);

/// The route of `request`; `None` if no table has its path and method.
pub(super) fn row_of(request: &HttpRequest) -> Option<&'static RouteSpec> {
    let RouteLookup(find) = request.app_data()?;
    find(request)
}
