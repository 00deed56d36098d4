//! What is wrong with a command line is said in one line, with what to do.

use crate::bench::{Bench, ended, program};

async fn refused(arguments: &[&str], code: i32) -> String {
    let said = ended(program(arguments)).await;
    assert_eq!(said.code, Some(code), "{said:?}");
    assert_eq!(said.out, "", "{arguments:?}");
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
    said.err.trim_end().to_owned()
}

#[tokio::test]
async fn mistakes_in_arguments_are_told() {
    assert_eq!(
        refused(&["stats"], 2).await,
        "error: unrecognized subcommand 'stats'; tip: a similar subcommand exists: 'status'; see `antflow --help`"
    );
    assert_eq!(
        refused(&["status"], 2).await,
        "error: which cluster? write `--cluster postgres://user@host/database` or `--cluster path/to/file.db`, or set \
         `ANTFLOW_CLUSTER`"
    );
    let said = refused(&["status", "--cluster", "kafka://me:secret@x"], 2).await;
    assert!(said.contains("`kafka:` is a bus"), "{said}");
    assert!(!said.contains("secret"));
    let said = refused(&["workers", "--cluster", "memory:"], 2).await;
    assert!(
        said.contains("`memory:` would be gone with this command"),
        "{said}"
    );
    for (arguments, part) in [
        (
            &["status", "--state", "done"][..],
            "expected one of `running`",
        ),
        (
            &["status", "--watch", "--every", "0s"],
            "expected a time above 0",
        ),
        (&["limits", "--global", "many"], "expected a whole number"),
        (&["limits", "--role", "fetch"], "expected `ROLE=N`"),
        (&["cancel", "r", "--grace", "soon"], "--grace"),
        (
            &["submit", "g.json", "--input", "x"],
            "expected `NODE=FILE.jsonl`",
        ),
        (&["dead-letters", "retry"], "required"),
    ] {
        let said = refused(arguments, 2).await;
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn asking_makes_no_cluster_and_what_is_no_cluster_is_said() {
    let bench = Bench::new().await;
    let path = bench.path("mistyped.db");
    let url = path.to_str().unwrap();
    for arguments in [
        &["status"][..],
        &["workers"],
        &["artifacts", "r", "n"],
        &["cancel", "r"],
        &["limits"],
        &["dead-letters", "list"],
    ] {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--cluster", url]);
        let said = refused(&arguments, 1).await;
        assert!(said.contains("there is no cluster at"), "{said}");
    }
    assert!(!path.exists());
    std::fs::write(
        &path,
        "this is no database, and long enough to be sure of that",
    )
    .unwrap();
    let said = refused(&["status", "--cluster", url], 1).await;
    assert!(said.contains("cannot be read"), "{said}");
}

#[tokio::test]
async fn a_cluster_is_found_by_each_kind_of_url() {
    let bench = Bench::new().await;
    let path = bench.path("cluster.db").display().to_string();
    for url in [
        &path,
        &format!("sqlite://{path}"),
        "sqlite://cluster.db",
        "cluster.db",
    ] {
        let mut command = program(&["workers", "--cluster", url]);
        command.current_dir(bench.path("."));
        // The option is above the variable.
        command.env("ANTFLOW_CLUSTER", "sqlite://none.db");
        let said = ended(command).await;
        assert_eq!(said.out, "no worker was ever there\n", "{url}: {said:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let bench = Bench::new().await;
    for arguments in [
        &["status", "none"][..],
        &["cancel", "none"],
        &["artifacts", "none", "n"],
    ] {
        let said = bench.run(arguments).await;
        assert_eq!(said.code, Some(1));
        assert_eq!(
            said.err,
            "error: there is no run `none`: `antflow status` lists the runs\n"
        );
    }
}

#[tokio::test]
async fn help_names_the_exit_codes() {
    let said = ended(program(&["--help"])).await;
    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("Exit codes:"));
    let said = ended(program(&["--version"])).await;
    assert!(said.out.starts_with("antflow "));
    assert_eq!(ended(program(&[])).await.code, Some(2));
}
