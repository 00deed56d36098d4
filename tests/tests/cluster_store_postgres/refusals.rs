//! What is said when it does not work: what to do, and no secrets. And TLS.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use antflow::cluster::graph::Node;
use antflow::cluster::store::{PostgresOptions, PostgresStore, SteerStore, StoreError};
use antflow_tests::seconds;
use antflow_tests::servers::{Home, Postgres, free_port};

use crate::bench::run_of;

const SECRET: &str = "hunter2-and-more";

/// A server with TLS and passwords, and where its certificates are.
struct Guarded {
    server: Postgres,
    home: Home,
}

impl Guarded {
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Guarded> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    fn start() -> Self {
        let home = Home::new();
        let path = home.path();
        run(Command::new("chmod").arg("755").arg(path));
        certificates(path);
        let hba = [
            "hostnossl all in_clear 127.0.0.1/32 trust",
            "hostssl all in_private 127.0.0.1/32 trust",
            "host all locked 127.0.0.1/32 scram-sha-256",
            "host all postgres 127.0.0.1/32 trust",
        ];
        fs::write(path.join("hba"), hba.join("\n")).unwrap();
        let settings = [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", path.join("server.pem").display()),
            format!("ssl_key_file={}", path.join("server.key").display()),
            format!("hba_file={}", path.join("hba").display()),
        ];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let server = Postgres::start(&settings);
        server.psql(
            &server.url("postgres"),
            &format!(
                "CREATE ROLE in_clear LOGIN SUPERUSER; CREATE ROLE in_private LOGIN SUPERUSER;
                 CREATE ROLE locked LOGIN SUPERUSER PASSWORD '{SECRET}'"
            ),
        );
        Self { server, home }
    }

    fn url(&self, user: &str, options: &str) -> String {
        let url = self.server.database();
        format!(
            "{}?{options}",
            url.replace("postgres@", &format!("{user}@"))
        )
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

/// An authority, a certificate by it for 127.0.0.1, and an authority that nobody asked.
fn certificates(path: &Path) {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        run(command.args(arguments.split(' ')).current_dir(path));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30";
    for name in ["ca", "other"] {
        openssl(&format!(
            "req -x509 {key} -subj /CN={name} -keyout {name}.key -out {name}.pem"
        ));
    }
    openssl(&format!(
        "req -x509 {key} -subj /CN=server -CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE \
         -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.pem"
    ));
    run(Command::new("chmod")
        .arg("600")
        .arg(path.join("server.key")));
    if run(Command::new("id").arg("-u")).trim() == "0" {
        run(Command::new("chown")
            .arg("postgres")
            .arg(path.join("server.key")));
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn connect(url: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::connect(url, PostgresOptions::default()).await
}

/// What connecting to this URL is refused with, which has no secret anywhere in it.
async fn refusal(url: &str) -> StoreError {
    let refused = connect(url).await.expect_err(url);
    let mut said = format!("{refused} {refused:?}");
    let mut source = refused.source();
    while let Some(error) = source {
        said = format!("{said} {error} {error:?}");
        source = error.source();
    }
    assert!(!said.contains(SECRET), "{said}");
    refused
}

#[tokio::test]
async fn who_is_not_let_in_hears_what_to_do() {
    let guarded = Guarded::shared();
    let url = guarded.url(&format!("locked:{SECRET}"), "");
    let store = connect(&url).await.unwrap();
    assert!(!format!("{store:?}").contains(SECRET));

    let wrong = refusal(&url.replace(SECRET, &format!("{SECRET}x"))).await;
    assert!(matches!(wrong, StoreError::Refused { .. }), "{wrong}");
    assert!(wrong.to_string().contains("user and password"), "{wrong}");

    let nobody = refusal(&url.replace("locked:", "nobody:")).await;
    assert!(matches!(nobody, StoreError::Refused { .. }), "{nobody}");
    assert!(nobody.to_string().contains("pg_hba.conf"), "{nobody}");

    let absent = format!(
        "{}?",
        guarded
            .server
            .url("absent")
            .replace("postgres@", &format!("locked:{SECRET}@"))
    );
    let absent = refusal(&absent).await;
    assert!(matches!(absent, StoreError::Refused { .. }), "{absent}");
    assert!(absent.to_string().contains("createdb"), "{absent}");

    for url in [
        format!("mysql://locked:{SECRET}@127.0.0.1/x"),
        format!("postgres://locked:{SECRET}@127.0.0.1:port/x"),
        format!("postgres://locked:{SECRET}@127.0.0.1/x?sslmode=maybe"),
        format!(
            "postgres://locked:{SECRET}@127.0.0.1/x?sslmode=verify-full&sslrootcert=/nowhere.pem"
        ),
    ] {
        let wrong = refusal(&url).await;
        assert!(matches!(wrong, StoreError::Invalid(_)), "{wrong}");
    }
    let away = format!("postgres://locked:{SECRET}@127.0.0.1:{}/x", free_port());
    let away = refusal(&away).await;
    assert!(away.is_transient(), "{away}");
    assert!(away.to_string().contains("refused"), "{away}");
}

/// A server that takes the connection and says nothing is not waited for.
#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let options = PostgresOptions::default().connect_timeout(antflow_tests::millis(50));
    let url = format!("postgres://me:{SECRET}@127.0.0.1:{port}/x");
    let silence = PostgresStore::connect(&url, options);
    let silence = tokio::time::timeout(seconds(20), silence).await.unwrap();
    assert!(silence.unwrap_err().is_transient());
}

#[tokio::test]
async fn modes_of_tls_are_what_they_say() {
    let guarded = Guarded::shared();
    let by = |file: &str| format!("sslrootcert={}", guarded.file(file).display());
    let full = format!("sslmode=verify-full&{}", by("ca.pem"));
    for (user, options) in [
        ("in_clear", "sslmode=disable"),
        ("in_private", ""),
        ("in_private", "sslmode=prefer"),
        ("in_private", "sslmode=require"),
        ("in_private", full.as_str()),
        ("in_private", by("ca.pem").as_str()),
    ] {
        let url = guarded.url(user, options);
        let store = connect(&url)
            .await
            .unwrap_or_else(|error| panic!("{options}: {error}"));
        store.submit(run_of([Node::new("a", "r")])).await.unwrap();
    }
    for (user, options) in [
        ("in_private", "sslmode=disable".to_owned()),
        ("in_clear", "sslmode=require".to_owned()),
        // Nobody that the machine trusts has made the certificate.
        ("in_private", "sslmode=verify-full".to_owned()),
        (
            "in_private",
            format!("sslmode=verify-full&{}", by("other.pem")),
        ),
        ("in_private", format!("sslmode=require&{}", by("other.pem"))),
    ] {
        let refused = refusal(&guarded.url(user, &options)).await;
        assert!(
            matches!(refused, StoreError::Refused { .. } | StoreError::Invalid(_)),
            "{options}: {refused:?}"
        );
    }
    // By its name it is not the one of the certificate.
    let url = guarded
        .url("in_private", &full)
        .replace("127.0.0.1", "localhost");
    let other = refusal(&url).await;
    assert!(matches!(other, StoreError::Refused { .. }), "{other:?}");

    let plain = format!("{}?sslmode=require", Postgres::shared().database());
    let without = refusal(&plain).await;
    assert!(matches!(without, StoreError::Refused { .. }), "{without:?}");
}

/// Ids that the server cannot keep are refused, and leave the store as it was.
#[tokio::test]
async fn ids_that_cannot_be_kept_are_refused() {
    let store = connect(&Postgres::shared().database()).await.unwrap();
    for id in [
        "a\0b".to_owned(),
        (0..9_000).map(|n| format!("{n:x}")).collect(),
    ] {
        let mut new = run_of([Node::new("a", "r")]);
        new.id = id.as_str().into();
        let refused = store.submit(new).await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid(_)), "{refused:?}");
    }
    store.submit(run_of([Node::new("a", "r")])).await.unwrap();
}
