# Makes image archives without a container engine. Shared by build and collector-image.
digest() { sha256sum "$1" | cut -d' ' -f1; }

# Packs the folder root/ of $1 as a one-layer image archive, as `docker save` writes it.
pack_image() { # work folder, image name, entrypoint as JSON
  local layer config
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$1/root" -cf "$1/layer.tar" .
  layer=$(digest "$1/layer.tar")
  printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"],"Entrypoint":%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(dpkg --print-architecture)" "$3" "$layer" > "$1/config.json"
  config=$(digest "$1/config.json").json
  mv "$1/config.json" "$1/$config"
  printf '[{"Config":"%s","RepoTags":["localhost/%s"],"Layers":["layer.tar"]}]' "$config" "$2" > "$1/manifest.json"
  tar -C "$1" -cf "$1/image.tar" manifest.json "$config" layer.tar
}
