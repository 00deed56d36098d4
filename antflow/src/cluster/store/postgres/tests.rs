use super::*;

#[test]
fn a_store_can_be_sent_and_shared() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<PostgresStore>();
    shared::<PostgresOptions>();
}

#[test]
fn names_of_schemas_need_no_quotes() {
    for name in ["antflow", "a_1", "_x"] {
        assert!(schema::check_name(name).is_ok(), "{name}");
    }
    for name in ["", "A", "a-b", "1a", "a\"b", "pg_a", "ä"] {
        assert!(schema::check_name(name).is_err(), "{name}");
    }
}

/// What nobody answers is no connection at all, and says so without the password.
#[tokio::test]
async fn nobody_there_is_not_available() {
    let options = PostgresOptions::default().connect_timeout(Duration::from_secs(1));
    let url = "postgres://me:secret@127.0.0.1:1/work";
    let error = PostgresStore::connect(url, options).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
}
