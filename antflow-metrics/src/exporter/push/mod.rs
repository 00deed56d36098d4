mod gateway;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

pub use gateway::PushGateway;

use super::{Exporter, PushError, render};

/// How much is shown of what a gateway answers.
const MAX_ANSWER: usize = 4096;

impl Exporter {
    /// Pushes all metrics to a Pushgateway, in place of what was pushed to the same group before.
    ///
    /// Call it when the work is done, in a job that ends before it would be scraped.
    ///
    /// ```no_run
    /// use antflow_metrics::{Exporter, PushGateway};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let exporter = Exporter::builder().without_server().start().await?;
    /// // The work is done here.
    /// exporter.push_to(PushGateway::new("http://127.0.0.1:9091", "nightly")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`PushError::Url`], [`PushError::Https`] and [`PushError::Group`] before anything is sent; [`PushError::Send`],
    /// [`PushError::TimedOut`] and [`PushError::Refused`] after. Nothing is tried a second time.
    ///
    /// # Cancel safety
    /// Dropped, the gateway has taken all metrics or none.
    pub async fn push_to(&self, gateway: PushGateway) -> Result<(), PushError> {
        let target = gateway.target()?;
        let url = target.to_string();
        let mut request = Request::new(Full::<Bytes>::from(self.render()));
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = target;
        let content_type = HeaderValue::from_static(render::CONTENT_TYPE);
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        let pushed = tokio::time::timeout(gateway.timeout, send(&url, request));
        match pushed.await {
            Ok(result) => result,
            Err(_) => Err(PushError::TimedOut {
                url,
                timeout: gateway.timeout,
            }),
        }
    }
}

async fn send(url: &str, request: Request<Full<Bytes>>) -> Result<(), PushError> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client
        .request(request)
        .await
        .map_err(|error| PushError::Send {
            url: url.to_owned(),
            source: error.into(),
        })?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    Err(PushError::Refused {
        url: url.to_owned(),
        status: status.as_u16(),
        body: answer(response).await,
    })
}

/// The beginning of what the gateway says, or as much of it as it has sent.
async fn answer(mut response: Response<Incoming>) -> String {
    let mut answer = Vec::new();
    while let Some(Ok(frame)) = response.frame().await
        && answer.len() < MAX_ANSWER
    {
        answer.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
    }
    answer.truncate(MAX_ANSWER);
    String::from_utf8_lossy(&answer).trim().to_owned()
}
