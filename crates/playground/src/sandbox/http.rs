//! The sandbox's routes. Everything that touches its file or its keys runs where blocking is
//! allowed, and what was begun is finished even if the client has gone.

use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use actix_web::dev::{HttpServiceFactory, Payload};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_ENCODING,
    ETAG, EXPIRES, FORWARDED, HeaderName, HttpDate,
};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Bytes, Data};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, guard};
use flate2::read::ZlibDecoder;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::repeat_with;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use super::accounts::KycChecked;
use super::failure::Failure;
use super::faults::{Endpoint, FaultAction, Faults};
use super::legal::{self, PRIVACY, TERMS};
use super::reserves::{BatchWithdrawal, TopUp, Withdrawal};
use super::transfers::{Question, Tracked};
use super::{Generations, Sandbox, deposits, melts, refunds, reveals};
use net::body::{BadBody, gather, inflate};
use system::log_limit;
use taler::amount::Amount;
use taler::base32::{HashCode, ShortHash};
use taler::hash;
use taler::sign::{PublicKey, Signature};
use taler::time::Timestamp;

/// Longest body, in bytes, also after it is inflated.
const MAX_BODY: usize = 1 << 20;
/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client may wait for money in a reserve; proxies give up after a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(50);
/// How many may wait for that at once, so that their requests do not fill the memory.
const MOST_WAITING: usize = 256;
/// For how long a list of keys may be used.
const LIST_AGE: Duration = Duration::from_secs(3_600);

/// A piece of a body without an end.
const BLANKS: &[u8] = &[b' '; 64 * 1024];

/// The code of a reserve's key that cannot be read.
const BAD_RESERVE: u32 = 27;
/// The code of any other segment that cannot be read.
const BAD_SEGMENT: u32 = 29;
/// The code of a commitment that cannot be read.
const BAD_COMMITMENT: u32 = 1362;

type Answer = Result<HttpResponse, Failure>;

/// What the protocol has and the sandbox does not: it must not look as if it were not there, because
/// wallets freeze their coins when a path is missing.
const LATER: &[&str] = &[
    "/age-withdraw/{rest:.*}",
    "/aml/{rest:.*}",
    "/auditors/{rest:.*}",
    "/blinding-prepare",
    "/coins/{coin_pub}/recoup",
    "/coins/{coin_pub}/recoup-refresh",
    "/contracts/{rest:.*}",
    "/csr-melt",
    "/csr-withdraw",
    "/kyc-info/{rest:.*}",
    "/kyc-proof/{rest:.*}",
    "/kyc-spa/{rest:.*}",
    "/kyc-start/{rest:.*}",
    "/kyc-upload/{rest:.*}",
    "/kyc-wallet",
    "/kyc-webhook/{rest:.*}",
    "/management/{rest:.*}",
    "/purses/{rest:.*}",
    "/recoup-refresh",
    "/recoup-withdraw",
    "/reserves-attest/{rest:.*}",
    "/reserves/{reserve_pub}/age-withdraw",
    "/reserves/{reserve_pub}/attest",
    "/reserves/{reserve_pub}/close",
    "/reserves/{reserve_pub}/history",
    "/reserves/{reserve_pub}/open",
    "/reserves/{reserve_pub}/purse",
    "/reserves/{reserve_pub}/withdraw",
    "/reveal-withdraw",
    "/wads/{rest:.*}",
];

/// Headers that pages of other origins may send.
const SENT: &str = "Accept, Account-Owner-Pub, Account-Owner-Signature, Content-Encoding, Content-Type, \
                    If-None-Match, Taler-Coin-History-Signature";
/// Headers that pages of other origins may see.
const SEEN: &str = "ETag, Taler-Terms-Version";

pub(super) fn routes(sandbox: Sandbox) -> impl HttpServiceFactory + use<> {
    let is_new = sandbox.0.settings.generations == Generations::Both;
    let mut scope = web::scope("")
        .app_data(Data::new(sandbox))
        .wrap(
            DefaultHeaders::new()
                .add((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
                .add((ACCESS_CONTROL_EXPOSE_HEADERS, SEEN)),
        )
        .service(get("", index))
        .service(get("/", index))
        .service(get("/config", config))
        .service(get("/keys", keys))
        .service(get("/terms", terms))
        .service(get("/privacy", privacy))
        .service(get("/reserves/{reserve_pub}", reserve))
        .service(post("/reserves/{reserve_pub}/batch-withdraw", withdraw))
        .service(post("/batch-deposit", deposit))
        .service(post("/coins/{coin_pub}/melt", melt))
        .service(post("/refreshes/{rc}/reveal", reveal))
        .service(get("/coins/{coin_pub}/link", link))
        .service(get("/coins/{coin_pub}/history", history))
        .service(post("/coins/{coin_pub}/refund", refund))
        .service(get("/deposits/{h_wire}/{merchant_pub}/{h_contract_terms}/{coin_pub}", track))
        .service(get("/transfers/{wtid}", transfer))
        .service(get("/kyc-check/{h_payto}", kyc_check))
        .service(get("/sandbox/coins/{coin_pub}", coin))
        .service(get("/sandbox/ledger", ledger))
        .service(get("/sandbox/transfers", statement))
        .service(post("/sandbox/reserves", top_up))
        .service(post("/sandbox/faults", misbehave));
    if is_new {
        scope = scope
            .service(post("/withdraw", batch_withdraw))
            .service(post("/melt", melt_seeded))
            .service(post("/reveal-melt", reveal_seeded));
    }
    for path in LATER {
        let unserved = || async { Err::<HttpResponse, _>(Failure::NotServed("the whole path")) };
        let all = web::route().guard(guard::Not(guard::Options())).to(unserved);
        scope = scope.service(resource(path, "GET, POST, OPTIONS").route(all));
    }
    scope.default_service(web::to(|| async { Err::<HttpResponse, _>(Failure::Path) }))
}

/// A path that is read; by `HEAD`, too.
fn get<F, A>(path: &'static str, handler: F) -> Resource
where
    F: Handler<A> + Clone,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, "GET, HEAD, OPTIONS")
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
}

/// A path that something is done at.
fn post<F, A>(path: &'static str, handler: F) -> Resource
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, "POST, OPTIONS").route(web::post().to(handler))
}

/// A path with these methods. It tells them to clients that ask, such as browsers before they send
/// something from a page of another origin.
fn resource(path: &'static str, methods: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move |request: HttpRequest| async move {
        if request.method() != Method::OPTIONS {
            return Err(Failure::Method);
        }
        Ok(HttpResponse::NoContent()
            .insert_header((ALLOW, methods))
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, SENT))
            .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
            .finish())
    }))
}

async fn index(sandbox: Data<Sandbox>) -> HttpResponse {
    let currency = sandbox.0.settings.currency;
    let text = format!("A sandbox exchange for GNU Taler. It deals in {currency}: play money.\n");
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}

/// `GET /terms`
async fn terms(request: HttpRequest) -> HttpResponse {
    TERMS.answer(&request)
}

/// `GET /privacy`
async fn privacy(request: HttpRequest) -> HttpResponse {
    PRIVACY.answer(&request)
}

/// `GET /config`
async fn config(sandbox: Data<Sandbox>) -> HttpResponse {
    HttpResponse::Ok().json(sandbox.config())
}

/// `GET /keys`
async fn keys(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    let act = sandbox.meet(Endpoint::Keys).await?;
    let since = parameter(&request, "last_issue_date", Timestamp::parse_secs)?;
    let now = sandbox.now().secs().unwrap_or_default();
    let list = held_list(&sandbox, since, act).await?;
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(now) + LIST_AGE;
    act.answer(HttpResponse::Ok().insert_header((EXPIRES, HttpDate::from(until))).json(list))
}

/// The list of keys, as soon as there are any: an exchange without keys does not answer before, or
/// only after a long time.
async fn held_list(
    sandbox: &Data<Sandbox>,
    since: Option<Timestamp>,
    act: FaultAction,
) -> Result<Value, Failure> {
    let inner = sandbox.0.clone();
    let deadline = Instant::now() + inner.settings.keys_hold;
    loop {
        let made = inner.minting.next_end();
        let answer = blocking(sandbox.clone(), move |sandbox| sandbox.list(since, act)).await;
        if !matches!(answer, Err(Failure::NoKeys)) || timeout_at(deadline, made).await.is_err() {
            return answer;
        }
    }
}

/// `GET /kyc-check/$H_NORMALIZED_PAYTO`
async fn kyc_check(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    let h_payto: ShortHash = segment(&request, "h_payto", BAD_SEGMENT)?;
    // `Account-Owner-Pub` may stand beside it, and is not needed: the account's key is known.
    let signature = request.headers().get("Account-Owner-Signature");
    let signature = signature.ok_or(Failure::Missing("Account-Owner-Signature"))?;
    let signature = signature.to_str().ok().and_then(|text| Signature::parse(text).ok());
    let signature =
        signature.ok_or_else(|| Failure::Malformed("Account-Owner-Signature".into()))?;
    Ok(match blocking(sandbox, move |sandbox| sandbox.kyc_check(&h_payto, &signature)).await? {
        KycChecked::Free(Value::Null) => HttpResponse::NoContent().finish(),
        KycChecked::Free(limits) => HttpResponse::Ok().json(limits),
        KycChecked::Required(limits) => HttpResponse::Accepted().json(limits),
    })
}

/// `POST /sandbox/reserves`
async fn top_up(sandbox: Data<Sandbox>, Body(asked): Body<TopUp>) -> Answer {
    let balance = blocking(sandbox, move |sandbox| sandbox.top_up(&asked)).await?;
    Ok(HttpResponse::Ok().json(json!({ "balance": balance })))
}

/// `GET /reserves/$RESERVE_PUB`
async fn reserve(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    let reserve = segment(&request, "reserve_pub", BAD_RESERVE)?;
    let wait = parameter(&request, "timeout_ms", str::parse)?
        .map_or(Duration::ZERO, |ms| Duration::from_millis(ms).min(LONGEST_WAIT));
    let balance = await_reserve(&sandbox, reserve, wait).await?;
    Ok(HttpResponse::Ok().json(json!({ "balance": balance })))
}

/// What a reserve has, as soon as it is there.
async fn await_reserve(
    sandbox: &Data<Sandbox>,
    reserve: PublicKey,
    wait: Duration,
) -> Result<Amount, Failure> {
    let inner = sandbox.0.clone();
    // Those beyond the limit are answered at once, and ask again.
    let waiting = Waiting::begin(&inner.waiting);
    let deadline = Instant::now() + if waiting.is_some() { wait } else { Duration::ZERO };
    loop {
        // From here on no top-up is missed.
        let topped_up = inner.topped_up.notified();
        let found = blocking(sandbox.clone(), move |sandbox| sandbox.balance(&reserve)).await;
        if !matches!(found, Err(Failure::ReserveUnknown))
            || timeout_at(deadline, topped_up).await.is_err()
        {
            return found;
        }
    }
}

/// One client that waits for a reserve.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// `None` if [`MOST_WAITING`] wait already.
    fn begin(count: &'a AtomicUsize) -> Option<Self> {
        let one_more = |count: usize| (count < MOST_WAITING).then_some(count.saturating_add(1));
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `POST /reserves/$RESERVE_PUB/batch-withdraw`
async fn withdraw(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    Body(asked): Body<Withdrawal>,
) -> Answer {
    let act = sandbox.meet(Endpoint::Withdraw).await?;
    let reserve = segment(&request, "reserve_pub", BAD_RESERVE)?;
    may_withdraw(act, &reserve)?;
    let done = blocking(sandbox, move |sandbox| sandbox.withdraw(&reserve, &asked, act)).await?;
    act.answer(HttpResponse::Ok().json(done.wrapped()))
}

/// `POST /withdraw`
async fn batch_withdraw(sandbox: Data<Sandbox>, Body(asked): Body<BatchWithdrawal>) -> Answer {
    let act = sandbox.meet(Endpoint::Withdraw).await?;
    may_withdraw(act, asked.reserve())?;
    let done = blocking(sandbox, move |sandbox| sandbox.withdraw_batch(&asked, act)).await?;
    act.answer(HttpResponse::Ok().json(done.plain()))
}

/// Refuses for the law's sake, if it is to.
fn may_withdraw(act: FaultAction, reserve: &PublicKey) -> Result<(), Failure> {
    // A reserve's account would be that of the person who topped it up; here it has none.
    act.apply(hash::payto_hash(&format!("payto://x-taler-bank/localhost/{reserve}")), None)
}

/// `POST /coins/$COIN_PUB/melt`
async fn melt(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    Body(asked): Body<melts::Request>,
) -> Answer {
    let act = sandbox.meet(Endpoint::Melt).await?;
    let coin = segment(&request, "coin_pub", BAD_SEGMENT)?;
    let reported = blocking(sandbox, move |sandbox| sandbox.melt(&coin, &asked, act)).await?;
    act.answer(HttpResponse::Ok().json(reported))
}

/// `POST /melt`
async fn melt_seeded(sandbox: Data<Sandbox>, Body(asked): Body<melts::SeededRequest>) -> Answer {
    let act = sandbox.meet(Endpoint::Melt).await?;
    let reported = blocking(sandbox, move |sandbox| sandbox.melt_seeded(&asked, act)).await?;
    act.answer(HttpResponse::Ok().json(reported))
}

/// `POST /refreshes/$RC/reveal`
async fn reveal(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    Body(asked): Body<reveals::Request>,
) -> Answer {
    let act = sandbox.meet(Endpoint::Reveal).await?;
    let rc: HashCode = segment(&request, "rc", BAD_COMMITMENT)?;
    let revealed = blocking(sandbox, move |sandbox| sandbox.reveal(&rc, &asked, act)).await?;
    act.answer(HttpResponse::Ok().json(revealed.wrapped()))
}

/// `POST /reveal-melt`
async fn reveal_seeded(
    sandbox: Data<Sandbox>,
    Body(asked): Body<reveals::SeededRequest>,
) -> Answer {
    let act = sandbox.meet(Endpoint::Reveal).await?;
    let revealed = blocking(sandbox, move |sandbox| sandbox.reveal_seeded(&asked, act)).await?;
    act.answer(HttpResponse::Ok().json(revealed.plain()))
}

/// `GET /coins/$COIN_PUB/link`
async fn link(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    let coin = segment(&request, "coin_pub", BAD_SEGMENT)?;
    let linked = blocking(sandbox, move |sandbox| sandbox.link(&coin)).await?;
    Ok(HttpResponse::Ok().json(linked))
}

/// `GET /coins/$COIN_PUB/history`
async fn history(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    const NAME: &str = "Taler-Coin-History-Signature";
    let coin = segment(&request, "coin_pub", BAD_SEGMENT)?;
    let start = parameter(&request, "start", str::parse)?.unwrap_or(0);
    let signature = request.headers().get(NAME).ok_or(Failure::Missing(NAME))?;
    let signature = signature.to_str().ok().and_then(|text| Signature::parse(text).ok());
    let signature = signature.ok_or_else(|| Failure::Malformed(NAME.into()))?;
    let found = blocking(sandbox, move |sandbox| sandbox.history(&coin, start, &signature)).await?;
    let etag = format!("\"{}\"", found.newest);
    let body = found.body.filter(|_| !legal::is_listed(&request, &etag));
    let mut answer = match (&body, found.has_news) {
        (Some(_), _) => HttpResponse::Ok(),
        (None, true) => HttpResponse::NotModified(),
        (None, false) => HttpResponse::NoContent(),
    };
    answer.insert_header((ETAG, etag)).insert_header((CACHE_CONTROL, "no-cache"));
    Ok(match body {
        Some(body) => answer.json(body),
        None => answer.finish(),
    })
}

/// `POST /batch-deposit`
async fn deposit(sandbox: Data<Sandbox>, Body(asked): Body<deposits::Request>) -> Answer {
    let act = sandbox.meet(Endpoint::Deposit).await?;
    let reported = blocking(sandbox, move |sandbox| sandbox.deposit(&asked, act)).await?;
    act.answer(HttpResponse::Ok().json(reported))
}

/// `POST /coins/$COIN_PUB/refund`
async fn refund(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    Body(asked): Body<refunds::Request>,
) -> Answer {
    let act = sandbox.meet(Endpoint::Refund).await?;
    let coin = segment(&request, "coin_pub", BAD_SEGMENT)?;
    let reported = blocking(sandbox, move |sandbox| sandbox.refund(&coin, &asked, act)).await?;
    act.answer(HttpResponse::Ok().json(reported))
}

/// `GET /deposits/$H_WIRE/$MERCHANT_PUB/$H_CONTRACT_TERMS/$COIN_PUB`
async fn track(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    sandbox.note_question();
    let act = sandbox.meet(Endpoint::Track).await?;
    let question = Question {
        h_wire: segment(&request, "h_wire", 1101)?,
        merchant_pub: segment(&request, "merchant_pub", 1102)?,
        h_contract: segment(&request, "h_contract_terms", 1103)?,
        coin_pub: segment(&request, "coin_pub", 1104)?,
        merchant_sig: parameter(&request, "merchant_sig", Signature::parse)?
            .ok_or(Failure::Missing("merchant_sig"))?,
    };
    act.answer(match blocking(sandbox, move |sandbox| sandbox.track(&question, act)).await? {
        Tracked::Pending(pending) => HttpResponse::Accepted().json(pending),
        Tracked::Wired(wired) => HttpResponse::Ok().json(wired),
    })
}

/// `GET /transfers/$WTID`
async fn transfer(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    sandbox.note_question();
    let act = sandbox.meet(Endpoint::Transfer).await?;
    let wtid: ShortHash = segment(&request, "wtid", 1450)?;
    if act == FaultAction::EndlessBody {
        let blanks = repeat_with(|| Ok::<_, Failure>(Bytes::from_static(BLANKS)));
        return Ok(HttpResponse::Ok().content_type("application/json").streaming(blanks));
    }
    let transfer = blocking(sandbox, move |sandbox| sandbox.transfer(&wtid, act)).await?;
    act.answer(HttpResponse::Ok().json(transfer))
}

/// `GET /sandbox/coins/$COIN_PUB`
async fn coin(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    let coin = segment(&request, "coin_pub", BAD_SEGMENT)?;
    let account = blocking(sandbox, move |sandbox| sandbox.coin(&coin)).await?;
    Ok(HttpResponse::Ok().json(account))
}

/// `GET /sandbox/transfers`: what the sandbox's bank has transferred to merchants.
async fn statement(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    // Merchants' accounts are nobody else's business.
    if !is_local(&request) {
        return Err(Failure::NotLocal);
    }
    Ok(HttpResponse::Ok().json(blocking(sandbox, Sandbox::statement).await?))
}

/// `GET /sandbox/ledger`
async fn ledger(sandbox: Data<Sandbox>) -> Answer {
    Ok(HttpResponse::Ok().json(blocking(sandbox, Sandbox::ledger).await?))
}

/// `POST /sandbox/faults`
async fn misbehave(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    Body(faults): Body<Faults>,
) -> Answer {
    if !is_local(&request) {
        return Err(Failure::NotLocal);
    }
    sandbox.misbehave(faults).map_err(|bad| Failure::Malformed(bad.to_string()))?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whether the request comes from this machine, and not through a proxy on it.
fn is_local(request: &HttpRequest) -> bool {
    let forwarded = [FORWARDED, HeaderName::from_static("x-forwarded-for")];
    // A peer without an address came by a Unix socket.
    let near = request.peer_addr().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    near && !forwarded.iter().any(|name| request.headers().contains_key(name))
}

/// Has `work` done where it may block, with the keys that are needed now.
async fn blocking<T: Send + 'static>(
    sandbox: Data<Sandbox>,
    work: impl FnOnce(&Sandbox) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = system::blocking(move || {
        if let Err(error) = sandbox.rotate_keys(sandbox.now()) {
            log_limit::error("failures of the sandbox", format_args!("sandbox: {error}"));
        }
        work(&sandbox)
    });
    done.await.unwrap_or(Err(Failure::Bug("the work panicked")))
}

/// The segment called `name` of the path; `code` says that it cannot be read.
fn segment<T: FromStr>(request: &HttpRequest, name: &str, code: u32) -> Result<T, Failure> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| Failure::Segment(code))
}

/// The parameter called `name` of the query, if it is there.
fn parameter<T, E>(
    request: &HttpRequest,
    name: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Failure> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(has, _)| has == name)
        .map(|(_, value)| parse(&value))
        .transpose()
        .map_err(|_| Failure::Malformed(name.into()))
}

/// A body of JSON.
struct Body<T>(T);

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let encoding =
            request.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes().to_vec());
        let mut payload = payload.take();
        Box::pin(async move {
            let bytes = timeout(BODY_TIMEOUT, gather(&mut payload, MAX_BODY)).await;
            let bytes = bytes.map_err(|_| Failure::BodyTooSlow)??;
            let bytes = match encoding.as_deref() {
                None | Some(b"identity") => bytes.into(),
                Some(b"deflate") => inflate(ZlibDecoder::new(&*bytes), MAX_BODY)?,
                Some(_) => return Err(Failure::Compression),
            };
            read(&bytes).map(Self)
        })
    }
}

impl From<BadBody> for Failure {
    fn from(bad: BadBody) -> Self {
        match bad {
            BadBody::TooLong => Self::BodyTooLong,
            BadBody::Broken => Self::BodyBroken,
            BadBody::Compression => Self::Compression,
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        // A reader that knows what it wants may complain before it meets the mistake.
        let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
        match is_json && error.is_data() {
            true => Failure::Field(culprit(body, &error)),
            false => Failure::Json,
        }
    })
}

/// The member that is missing, or in which the reader stopped.
fn culprit(body: &[u8], error: &serde_json::Error) -> String {
    let words = error.to_string();
    if let Some((_, rest)) = words.split_once("missing field `") {
        return rest.split('`').next().unwrap_or_default().to_owned();
    }
    let line = error.line().saturating_sub(1);
    let before: usize =
        body.split_inclusive(|byte| *byte == b'\n').take(line).map(<[u8]>::len).sum();
    let end = before.saturating_add(error.column()).min(body.len());
    last_member(body.get(..end).unwrap_or_default())
}

/// The member whose value `json`, the beginning of a good JSON text, ends in.
fn last_member(json: &[u8]) -> String {
    // One for each open object or array: the member that is being read.
    let mut open: Vec<Option<&[u8]>> = vec![None];
    let mut rest = json;
    let mut text: Option<&[u8]> = None;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'"' => {
                let mut escaped = false;
                let end = rest.iter().position(|byte| {
                    let ends = *byte == b'"' && !escaped;
                    escaped = *byte == b'\\' && !escaped;
                    ends
                });
                let end = end.unwrap_or(rest.len());
                text = rest.get(..end);
                rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
            }
            b':' => {
                if let Some(member) = open.last_mut() {
                    *member = text;
                }
            }
            b'{' | b'[' => open.push(None),
            // The reader says where it is when it has read the end of what it does not want.
            b'}' | b']' if !rest.is_empty() => drop(open.pop()),
            _ => {}
        }
    }
    let member = open.iter().rev().find_map(|member| *member).unwrap_or_default();
    String::from_utf8_lossy(member).into_owned()
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service};

    use super::*;
    use crate::sandbox::Settings;
    use system::clock::Clock;
    use taler::amount::Currency;
    use taler::web::BaseUrl;

    #[actix_web::test]
    async fn it_answers_below_any_prefix_and_below_none() {
        let dir = tempfile::tempdir().unwrap();
        let base = BaseUrl::parse("http://127.0.0.1:1/").unwrap();
        let mut settings = Settings::demo(Currency::parse("TESTKUDOS").unwrap(), base).unwrap();
        settings.denominations.truncate(1);
        settings.key_bits = 1024;
        let file = dir.path().join("sandbox.db");
        let sandbox = Sandbox::open(&file, settings, Clock::system()).unwrap();
        let app = App::new()
            .service(web::scope("/a/b").service(sandbox.routes()))
            .service(sandbox.routes());
        let app = init_service(app).await;
        for (path, status) in [
            ("/", 200),
            ("/config", 200),
            ("/a/b", 200),
            ("/a/b/", 200),
            ("/a/b/config", 200),
            ("/a/b/c", 404),
            ("/a/config", 404),
        ] {
            let request = TestRequest::get().uri(path).to_request();
            let answer = call_service(&app, request).await;
            assert_eq!(answer.status().as_u16(), status, "{path}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_from_what_does_not_fit() {
        let code = |body: &str| match read::<TopUp>(body.as_bytes()).err().unwrap() {
            Failure::Json => None,
            Failure::Field(name) => Some(name),
            other => panic!("{other}"),
        };
        assert_eq!(code("[1,"), None);
        assert_eq!(code("{}x"), None);
        assert_eq!(code("{}").as_deref(), Some("reserve_pub"));
        assert_eq!(code("[1]").as_deref(), Some(""));
        assert_eq!(code(r#"{"amount": 7}"#).as_deref(), Some("amount"));
        assert_eq!(
            code("{\n\"x\": [{\"y\": 1}],\n \"amount\" :\n\"EUR\"}").as_deref(),
            Some("amount")
        );
        assert_eq!(last_member(br#"{"a": [{"b\"": 1}, {"c": "x"#), "c");
        assert_eq!(last_member(br#"{"a": [{"b": 1}, "#), "a");
        assert_eq!(last_member(br#"{"a": {"b": 1}, "#), "a");
        assert_eq!(last_member(br#"{"a": {"b": 1}"#), "b");
    }
}
