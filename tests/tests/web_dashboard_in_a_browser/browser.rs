use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A browser without a window, which does what it is told over HTTP.
///
/// It is told so by the driver: a browser that is started for a screenshot waits for the page to be complete, which one
/// with a stream of events never is.
pub(crate) struct Browser {
    driver: Child,
    /// Its output is read by nobody, but may not be closed.
    _output: ChildStdout,
    addr: SocketAddr,
    session: String,
}

impl Browser {
    pub(crate) fn open() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "chromedriver: {error}; run `make setup`, or \
                     `apt-get install -y --no-install-recommends chromium chromium-driver`"
                )
            });
        let mut output = BufReader::new(driver.stdout.take().unwrap());
        let port = output.by_ref().lines().find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let mut browser = Self {
            driver,
            _output: output.into_inner(),
            addr: ([127, 0, 0, 1], port.expect("the driver names its port")).into(),
            session: String::new(),
        };
        let args = [
            "--headless=new",
            // Without the rights that its sandbox wants, as in containers; it opens no page but ours.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=1280,900",
        ];
        let options = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let session = browser.post("/session", &options);
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        browser
    }

    pub(crate) fn visit(&self, url: &str) {
        self.tell("url", &json!({ "url": url }));
    }

    /// What the script returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.tell("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until the script returns true.
    pub(crate) fn until(&self, script: &str) {
        let begun = Instant::now();
        while self.run(script) != true {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "never: {script}; the page says: {}",
                self.run("return document.body.innerText")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Types into what has the focus. `\u{e004}` is the tabulator, `\u{e007}` the enter key.
    pub(crate) fn press(&self, keys: &str) {
        let each = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})));
        let actions = each.collect::<Vec<_>>();
        self.tell(
            "actions",
            &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}),
        );
    }

    /// What was written to the console.
    pub(crate) fn console(&self) -> Value {
        self.tell("se/log", &json!({"type": "browser"}))
    }

    /// Tells the browser something that only this one knows.
    pub(crate) fn command(&self, command: &str, parameters: &Value) -> Value {
        self.tell(
            "goog/cdp/execute",
            &json!({"cmd": command, "params": parameters}),
        )
    }

    /// Shows the page in these colours, on a screen of this width.
    pub(crate) fn look(&self, colours: &str, width: u32) {
        let colours = json!([{"name": "prefers-color-scheme", "value": colours}]);
        self.command(
            "Emulation.setEmulatedMedia",
            &json!({ "features": colours }),
        );
        let metrics =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.command("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// A picture of the whole page.
    pub(crate) fn picture(&self, path: &Path) {
        let picture = self.command(
            "Page.captureScreenshot",
            &json!({"captureBeyondViewport": true}),
        );
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn tell(&self, what: &str, body: &Value) -> Value {
        self.post(&format!("/session/{}/{what}", self.session), body)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let answer = self.request("POST", path, &body);
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{path} {body}: {value}");
        value
    }

    fn request(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        // Nothing that it is told takes so long.
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let (addr, length) = (self.addr, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        // It does not close the connection.
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line).unwrap();
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().unwrap();
                }
                _ if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body).unwrap();
        String::from_utf8(body).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver alone knows the processes of the browser.
        self.request("DELETE", &format!("/session/{}", self.session), "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
