use super::*;

/// A folder of its own for each test, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rpcgen-rs-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn h145_only_regular_files_below_the_roots_are_read() {
    let folder = Folder::new("h145");
    let input = folder.path("in/a.x");
    fs::create_dir_all(folder.path("in/sub")).unwrap();
    fs::write(&input, "a").unwrap();
    fs::write(folder.path("in/sub/b.x"), "b").unwrap();
    fs::write(folder.path("secret"), "s").unwrap();
    let mut loader = FileLoader::new([input.as_str()], []);
    assert_eq!(loader.load(&input, 10), Ok(b"a".to_vec()));
    assert_eq!(
        loader.load(&folder.path("in/sub/../sub/b.x"), 10),
        Ok(b"b".to_vec())
    );
    assert_eq!(
        loader.load(&folder.path("in/../secret"), 10),
        Err(LoadError::OutsideRoots)
    );
    assert_eq!(loader.load("/etc/passwd", 10), Err(LoadError::OutsideRoots));
    assert_eq!(
        loader.load(&folder.path("in/sub"), 10),
        Err(LoadError::NotRegular)
    );
    assert_eq!(
        loader.load(&folder.path("in/none.x"), 10),
        Err(LoadError::NotFound)
    );
    assert_eq!(
        loader.load(&input, 0),
        Err(LoadError::TooLarge { limit: 0 })
    );
}

#[cfg(unix)]
#[test]
fn h145_links_do_not_lead_out() {
    let folder = Folder::new("h145-link");
    fs::create_dir_all(folder.path("in")).unwrap();
    fs::write(folder.path("secret"), "s").unwrap();
    std::os::unix::fs::symlink(folder.path("secret"), folder.path("in/link.x")).unwrap();
    let input = folder.path("in/a.x");
    let mut loader = FileLoader::new([input.as_str()], []);
    assert_eq!(
        loader.load(&folder.path("in/link.x"), 10),
        Err(LoadError::OutsideRoots)
    );
    // An input itself may be a link.
    let link = folder.path("in/link.x");
    assert_eq!(
        FileLoader::new([link.as_str()], []).load(&link, 10),
        Ok(b"s".to_vec())
    );
}

#[test]
fn h151_a_file_is_replaced_whole_or_not_at_all() {
    let folder = Folder::new("h151");
    let path = folder.path("out.rs");
    fs::write(&path, "old").unwrap();
    replace(Path::new(&path), b"new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(
        fs::read_dir(&folder.0).unwrap().count(),
        1,
        "no temporary file is left"
    );

    assert!(replace(Path::new(&folder.path("none/out.rs")), b"new").is_err());
    // The name of the temporary file is taken by a folder: writing fails, the old file stays.
    fs::create_dir_all(folder.path(&format!(".out.rs.{}.tmp", std::process::id()))).unwrap();
    assert!(replace(Path::new(&path), b"newer").is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
}

#[cfg(unix)]
#[test]
fn a_private_file_stays_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("private");
    let path = folder.path("a.rs");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    replace(Path::new(&path), b"new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(feature = "cli")]
#[test]
fn only_generated_files_are_ours() {
    let folder = Folder::new("ours");
    let path = folder.path("out.rs");
    assert!(is_ours(Path::new(&path)).unwrap());
    fs::write(&path, "fn main() {}").unwrap();
    assert!(!is_ours(Path::new(&path)).unwrap());
    fs::write(&path, format!("{MARK} 9.9.9 from a.x\n")).unwrap();
    assert!(is_ours(Path::new(&path)).unwrap());
    fs::write(&path, "").unwrap();
    assert!(is_ours(Path::new(&path)).unwrap());
}
