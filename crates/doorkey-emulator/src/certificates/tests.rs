use super::*;
use x509_parser::extensions::{GeneralName, ParsedExtension};

fn at(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
}

#[test]
fn the_authority_is_for_this_machine_alone_and_for_thirty_days() {
    let folder = StateFolder::private().unwrap();
    let now = at("2026-11-25T00:00:00Z");
    let certificates = Certificates::open(&folder, now).unwrap();
    let (_, pem) = parse_x509_pem(certificates.authority_pem.as_bytes()).unwrap();
    let certificate = pem.parse_x509().unwrap();

    assert_eq!(
        certificate.validity().not_after.to_datetime(),
        now + Duration::days(30)
    );
    assert!(certificate.is_ca());
    let constraints = certificate.name_constraints().unwrap().unwrap();
    assert!(constraints.critical);
    let permitted: Vec<_> = constraints
        .value
        .permitted_subtrees
        .iter()
        .flatten()
        .map(|subtree| match &subtree.base {
            GeneralName::DNSName(name) => (*name).to_owned(),
            GeneralName::IPAddress(bytes) => format!("{bytes:?}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(permitted[0], "localhost");
    assert_eq!(permitted[1], "[127, 0, 0, 1, 255, 255, 255, 255]");
    assert!(permitted[2].starts_with("[0, ") && permitted[2].contains(" 1, 255, "));
    assert_eq!(permitted.len(), 3);
    let critical = certificate
        .extensions()
        .iter()
        .filter(|extension| extension.critical);
    assert!(critical.into_iter().all(|extension| {
        !matches!(
            extension.parsed_extension(),
            ParsedExtension::UnsupportedExtension { .. }
        )
    }));
}

#[test]
fn it_is_kept_until_its_last_day() {
    let folder = StateFolder::private().unwrap();
    let first = Certificates::open(&folder, at("2026-11-01T00:00:00Z"))
        .unwrap()
        .authority_pem;
    for (now, kept) in [
        ("2026-11-02T00:00:00Z", true),
        ("2026-11-29T00:00:00Z", true),
        ("2026-11-30T00:00:01Z", false),
    ] {
        let again = Certificates::open(&folder, at(now)).unwrap().authority_pem;
        assert_eq!(again == first, kept, "{now}");
    }
}

#[test]
fn a_certificate_of_another_key_is_replaced() {
    let now = at("2026-11-01T00:00:00Z");
    let folder = StateFolder::private().unwrap();
    let first = Certificates::open(&folder, now).unwrap().authority_pem;
    let key = KeyPair::generate().unwrap().serialize_pem();
    folder.write_secret(KEY_FILE, key.as_bytes()).unwrap();
    let second = Certificates::open(&folder, now).unwrap().authority_pem;
    assert_ne!(first, second);
    assert_eq!(
        Certificates::open(&folder, now).unwrap().authority_pem,
        second
    );
}

#[test]
fn a_damaged_file_is_named() {
    for name in [CERTIFICATE_FILE, KEY_FILE] {
        let folder = StateFolder::private().unwrap();
        Certificates::open(&folder, at("2026-11-01T00:00:00Z")).unwrap();
        folder.write_secret(name, b"nonsense").unwrap();
        let Err(error) = Certificates::open(&folder, at("2026-11-01T00:00:00Z")) else {
            panic!("{name} is not read");
        };
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn the_key_is_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("new");
    let folder = StateFolder::open(path.clone()).unwrap();
    Certificates::open(&folder, at("2026-11-01T00:00:00Z")).unwrap();
    for (path, mode) in [
        (path, 0o700),
        (folder.file(KEY_FILE), 0o600),
        (folder.file(CERTIFICATE_FILE), 0o644),
    ] {
        let found = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{}", path.display());
    }
}
