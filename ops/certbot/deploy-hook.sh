#!/bin/sh
# What certbot runs after it got a certificate:
#
#   certbot certonly --webroot --webroot-path /var/www/certbot -d NAME \
#       --deploy-hook "/usr/local/lib/tollgate/deploy-hook.sh /etc/tollgate/certificates tollgate"
#
# Tollgate watches the files of its certificates and takes new ones by itself: nobody is told and
# nothing is restarted. All that is left to do is to let it read them, for certbot's folder is for
# root alone. With FOLDER, copies are put into FOLDER/NAME, which is what `certificates` names then,
# readable by GROUP; the group has to be able to enter FOLDER. Without FOLDER, for a Tollgate that
# starts as root, there is nothing to do at all.
set -eu

folder=${1:-}
group=${2:-}
[ -n "$folder" ] || exit 0
lineage=${RENEWED_LINEAGE:?certbot says with this what is new}
place=$folder/$(basename "$lineage")
mkdir -p -m 0750 "$place"
[ -z "$group" ] || chgrp "$group" "$place"

# Each file is replaced in one step. Between the two a key does not fit its certificate; Tollgate
# goes on with the old ones until both are there.
umask 077
for name in privkey.pem fullchain.pem; do
    cp -L "$lineage/$name" "$place/.$name.new"
    [ -z "$group" ] || chgrp "$group" "$place/.$name.new"
    chmod 0640 "$place/.$name.new"
    mv -f "$place/.$name.new" "$place/$name"
done
