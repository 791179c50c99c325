//! Fetches an exchange's keys once, without retries or cache, for `tilld doctor` and `tilld check`.

use super::{Error, Exchange, Http};
use taler::exchange::{Keys, Trusted};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// The answer of an exchange.
#[derive(Debug)]
pub struct Inspection {
    /// Its keys, verified from the master key down. They may be out of date.
    pub keys: Keys,
    /// What time it was for the exchange, by the header `Date`; `None` if it did not say.
    pub date: Option<Timestamp>,
}

impl Exchange {
    /// Fetches and verifies the keys, whatever is at hand, and leaves what is at hand as it is.
    ///
    /// # Errors
    /// [`Error`]: the exchange does not answer, or what it says is not to be believed.
    pub async fn inspect(&self) -> Result<Inspection, Error> {
        let download = self.0.http.download(&self.url(&["keys"])).await?;
        let date = download.date_s.and_then(|secs| Timestamp::from_secs(secs).ok());
        let (trusted, text) = (self.trusted().clone(), download.text);
        let reading = tokio::task::spawn_blocking(move || Keys::read(&trusted, text.as_bytes()));
        let keys = reading.await.map_err(|_| Error::Unreachable("we are stopping".into()))??;
        Ok(Inspection { keys, date })
    }
}

/// Fetches the keys of an exchange that is not trusted yet; see [`Keys::introduce`].
///
/// # Errors
/// As [`Exchange::inspect`].
pub async fn introduce(http: &Http, base_url: &BaseUrl) -> Result<(Trusted, Keys), Error> {
    let text = http.download(&base_url.join(&["keys"])).await?.text;
    let base_url = base_url.clone();
    let reading = tokio::task::spawn_blocking(move || Keys::introduce(&base_url, text.as_bytes()));
    Ok(reading.await.map_err(|_| Error::Unreachable("we are stopping".into()))??)
}
