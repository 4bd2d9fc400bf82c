# shellcheck shell=bash
# The second half of the quick start, sourced by run.sh in work/: the text and the model of a chatbot
# are versioned to a remote, changed, compared, rolled back and rebuilt. Everything is in versions/, a
# git repository of its own, and in store/, the remote: a folder here, s3://bucket/path elsewhere.

# Two versions of the text, and of what was learned from it.
make_versions() {
  rm -rf versions store
  show git init -q -b main versions
  show cd versions
  git config user.name "quick start"
  git config user.email quick-start@localhost
  git config commit.gpgsign false
  cp ../../{dialogue,model,train}.py .
  cp -r ../../data text
  rm text/the-tempest.txt
  echo __pycache__/ >.gitignore
  show mlopsctl data init
  show mlopsctl data remote add --default store ../store
  show mlopsctl data add text
  show mlopsctl stage add --name train --deps text --deps train.py --deps model.py --deps dialogue.py \
    --outs model --metrics-no-cache scores.json --plots-no-cache curve.csv -- \
    python3 train.py --data text --order 2 --cache 0 --steps 20 --seed 42 \
    --output model --scores scores.json --curve curve.csv
  show mlopsctl repro
  show git add .
  show git commit -q -m "Eleven plays and what was learned from them"
  show git tag v1
  show mlopsctl data push

  printf '\n# a twelfth play comes; what is out of date is made again\n'
  show cp ../../data/the-tempest.txt text/
  show mlopsctl data status
  show mlopsctl repro
  show git commit -q -a -m "The Tempest"
  show git tag v2
  show mlopsctl data push
  cd ..
}

# shellcheck disable=SC2154  # run.sh knows where it is
versions=$(cat "$here"/data/*.txt "$here"/*.py "$here/versions.sh" | sha256sum | cut -c1-12)
if [ "$(cat versions.made 2>/dev/null)" != "$versions" ]; then
  make_versions
  echo "$versions" >versions.made
fi
show cd versions
# Wherever an earlier call was interrupted.
git checkout -q -f main
mlopsctl --quiet data pull --force --all-tags >../pull.log
show mlopsctl data diff v1 v2
show mlopsctl metrics diff v1 v2
show mlopsctl plots diff v1 v2 -x step --out ../plots

printf '\n# back to the first version: git brings the small files, the cache brings text and model\n'
show git checkout -q v1
show mlopsctl data checkout
show mlopsctl repro
show git checkout -q main
show mlopsctl data checkout

printf '\n# on another machine there is no cache; the remote has everything\n'
rm -rf .dvc/cache text model
show mlopsctl data pull
show mlopsctl repro
show python3 train.py --output model --talk "Where is the king?"
cd ..
