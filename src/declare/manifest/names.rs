//! What columns are called: in English as in the templates, and in German, French, Spanish, Portuguese and Italian.
//!
//! Names are in the form that headers are brought into before they are looked up (see `headers.rs`): lower case, without
//! blanks, signs, articles and prepositions. Umlauts stand as they are; they are also found spelled `ue` or `u`.

use super::field::Field;
use crate::declare::declared::AiFacet;
use crate::declare::text::TimeUnit;

/// Names by what they mean, those of each field in English first.
pub(super) const NAMES: &[(Field, &str)] = &[
    (
        Field::File,
        "path file filename filepath trackfilename trackfile audiofile audiofilename audiopath audiofilepath \
         audio audiourl audiofileurl fileurl sourcefile wavfile wavfilename mp3file resource resourcefile \
         resourcefilename asset assetfile assetfilename mediafile soundfile trackpath trackaudio songfile \
         fileuri uri dateiname datei audiodatei audiodateiname dateipfad pfad tondatei wavdatei nomfichier \
         fichier fichieraudio nomfichieraudio chemin cheminfichier archivo nombrearchivo archivoaudio \
         nombrearchivoaudio fichero nombrefichero ficheroaudio ruta rutaarchivo arquivo nomearquivo \
         arquivoaudio nomearquivoaudio ficheiro nomeficheiro ficheiroaudio caminho caminhoarquivo nomefile \
         fileaudio nomefileaudio percorso percorsofile filetrack filesong namedatei dateiaudio",
    ),
    (
        Field::Title,
        "title tracktitle trackname songtitle songname song recordingtitle displaytitle name worktitle titel \
         tracktitel songtitel musiktitel liedtitel titelname stücktitel titre titremorceau titrechanson \
         titrepiste nomtitre nommorceau nompiste nomchanson morceau chanson titulo titulocancion titulotema \
         titulopista nombrecancion nombretema nombrepista cancion titulofaixa titulomusica titulocancao \
         nomefaixa nomemusica titolo titolobrano titolotraccia titolocanzone nomebrano nometraccia brano \
         canzone titletrack titlesong titlerecording nametrack namesong nametitle titelsong titeltrack \
         nametitels titelsongs titeltracks namesongs",
    ),
    (
        Field::Version,
        "version trackversion mixversion titleversion subtitle tracksubtitle versiontitle remixversion mix \
         mixname fassung untertitel titelversion versiontitel soustitre versiontitre titreversion subtitulo \
         versao versione sottotitolo versiontrack",
    ),
    (
        Field::Artist,
        "artist artists trackartist trackartists artistname artistnames primaryartist primaryartists \
         mainartist mainartists displayartist trackprimaryartist trackmainartist performer performers \
         trackdisplayartist bandname artistbandname künstler künstlername interpret interpreten \
         interpretenname hauptkünstler hauptinterpret hauptinterpreten artiste artistes nomartiste \
         artisteprincipal artistesprincipaux nomartisteprincipal interprete interpretes artista artistas \
         nombreartista artistaprincipal artistasprincipales nombreartistaprincipal nomeartista \
         artistasprincipais nomeartistaprincipal artisti artistaprincipale artistiprincipali esecutore \
         nameartist nameartists artisttrack artistmain artistprimary trackkünstler titelkünstler \
         nombreinterprete nomeinterprete nominterprete namekünstlers nameinterpreten künstlerinterpret \
         künstlerband",
    ),
    (
        Field::Contributor("featured_artist"),
        "featuredartist featuredartists featuringartist featuring feat trackfeaturedartist ft \
         featuringartists gastkünstler gastinterpret artisteinvite artistesinvites artistainvitado \
         artistasinvitados artistaconvidado artistasconvidados artistaospite artistiospiti featuredkünstler \
         artistfeatured",
    ),
    (Field::Contributor("remixer"), "remixer remixers trackremixer remixeur remezclador remixador"),
    (
        Field::Contributor("producer"),
        "producer producers trackproducer produzent produzenten producteur producteurs productor productores \
         produtor produtores produttore produttori",
    ),
    (
        Field::Contributor("composer"),
        "composer composers songwriter songwriters writer writers trackwriter trackcomposer musicby \
         composername komponist komponisten compositeur compositeurs compositor compositores compositore \
         compositori auteurcompositeur songschreiber",
    ),
    (
        Field::Contributor("lyricist"),
        "lyricist lyricists lyricsby author authors trackauthor texter textdichter autor autoren auteur \
         auteurs autores autore autori parolier paroliers letrista letristas paroliere",
    ),
    (
        Field::Contributor("publisher"),
        "publisher publishers trackpublisher verlag musikverlag verlage editeur editeurs editorial editora \
         editore editori",
    ),
    (
        Field::Album,
        "album albumtitle albumname release releasetitle releasename producttitle productname albumtitel \
         titelalbum veröffentlichung veröffentlichungstitel releasetitel produkttitel titrealbum nomalbum \
         titreproduit tituloalbum nombrealbum titulolanzamiento titulodisco nomealbum titulolancamento \
         titoloalbum titoloprodotto titlealbum titlerelease titleproduct namealbum namerelease titelalbums \
         namealbums",
    ),
    (
        Field::AlbumArtist,
        "albumartist albumartists releaseartist releaseartists albumprimaryartist albumartistname \
         productartist releaseprimaryartist albummainartist albumdisplayartist albumkünstler albuminterpret \
         artistealbum artistaalbum artistalbum artistrelease",
    ),
    (
        Field::Label,
        "label labelname albumlabel recordlabel releaselabel imprint productlabel tracklabel plattenlabel \
         plattenfirma maisondisques labeldisques sello sellodiscografico discografica companiadiscografica \
         selo selofonografico gravadora etichetta etichettadiscografica casadiscografica namelabel nomlabel \
         nombresello nomeetichetta",
    ),
    (Field::Catalogue, "catalogue catalog katalog catalogo"),
    (Field::Owner, "owner eigentümer besitzer proprietaire propietario proprietario"),
    (Field::Pack, "pack packname samplepack looppack soundpack kit"),
    (Field::Licence, "licence license licencetype licensetype lizenz licencia licenza licenca"),
    (Field::Exclusive, "exclusive exclusivity isexclusive exklusiv exclusif exclusivo esclusivo"),
    (
        Field::Isrc,
        "isrc trackisrc isrccode recordingisrc songisrc soundrecordingisrc codeisrc codigoisrc codiceisrc \
         isrcnummer isrcnumber isrcnr isrcno isrctrack isrcrecording numeroisrc isrcs",
    ),
    (
        Field::Iswc,
        "iswc iswccode trackiswc workiswc codeiswc codigoiswc codiceiswc iswcnumber iswcnummer",
    ),
    (
        Field::Upc,
        "upc ean upcean eanupc barcode albumupc albumean albumupcean albumbarcode releaseupc productupc \
         upccode eancode gtin icpn releaseean releasebarcode jan upceanjan productean codeupc codigoupc \
         codiceupc upcnumber upcnummer upcno upcnr upceancode eannumber eannummer eannr ean13 codeean \
         codigoean codiceean strichcode barcodenummer barcodenumber codebarres codebarre codigobarras \
         codicebarre codiceabarre upcrelease upcalbum eanrelease upcproduct upcgtin upca upceanbarcode",
    ),
    (Field::Grid, "grid albumgrid releasegrid trackgrid codegrid"),
    (
        Field::ReleaseId,
        "releaseid albumid productid releasereference catalognumber cataloguenumber catalogno catno \
         albumcatalognumber labelcatalognumber releasecatalognumber internalreference sku katalognummer \
         katalognr catalogid catalogueid numerocatalogue numerocatalogo referenciacatalogo referencecatalogue \
         numberofcatalog numbercatalog releasecode",
    ),
    (Field::Batch, "batch batchid deliverybatch batchname deliveryid lieferung lot lote lotto"),
    (
        Field::Account,
        "account accountid accountname user userid username useremail uploader uploaderid uploadedby customer \
         customerid clientid client supplier supplierid submitter submittedby provider onbehalfof \
         sentonbehalfof sublabelaccount konto kontoname kontonummer benutzer benutzername kunde kundenname \
         kundennummer kundenid nutzer nutzername lieferant hochgeladenvon compte nomcompte utilisateur \
         nomutilisateur idclient nomclient numerocompte cuenta nombrecuenta numerocuenta usuario \
         nombreusuario cliente idcliente nombrecliente conta nomeconta nomeusuario utilizador nomeutilizador \
         nomecliente utente nomeutente accountnumber accountno nameaccount customername customerno \
         customernumber subaccount",
    ),
    (
        Field::TrackNumber,
        "tracknumber trackno tracknum trackposition trackindex sequence sequencenumber tracksequence position \
         tracksequencenumber titelnummer titelnr tracknummer tracknr tracknumero numeropiste numerotitre \
         numerotrack numeropista numerotema numerofaixa numerotraccia numerobrano numbertrack tracksequencenr",
    ),
    (Field::Track, "track piste pista faixa traccia stück"),
    (
        Field::Genre,
        "genre genres primarygenre maingenre trackgenre albumgenre genre1 trackprimarygenre releasegenre \
         musikgenre musikrichtung genremusical genreprincipal genero generos generomusical generoprincipal \
         genere generemusicale genereprincipale hauptgenre",
    ),
    (
        Field::ReleaseDate,
        "releasedate albumreleasedate digitalreleasedate golivedate streetdate salesdate salesstartdate \
         originalreleasedate trackreleasedate productreleasedate salestartdate veröffentlichungsdatum \
         erscheinungsdatum erscheinungstag releasedatum verkaufsstart datesortie datepublication dateparution \
         fechalanzamiento fechapublicacion fechasalida datalancamento datapublicacao datauscita \
         datapubblicazione daterelease fechaestreno datumveröffentlichung",
    ),
    (
        Field::PLine,
        "pline trackpline albumpline plinetext phonographiccopyright pcopyright pholder plineholder pinfo \
         releasepline pzeile pvermerk lignep lineap linhap rigap plineowner",
    ),
    (
        Field::CLine,
        "cline albumcline clinetext copyright copyrightline ccopyright clineholder cinfo releasecline \
         trackcline czeile cvermerk lignec lineac linhac rigac clineowner",
    ),
    (
        Field::Duration(TimeUnit::Unknown),
        "duration length tracklength trackduration playtime runtime time tracktime playinglength dauer länge \
         spieldauer spielzeit laufzeit tracklänge titellänge songlänge duree dureepiste dureetitre \
         dureemorceau longueur duracion duracionpista duraciontema duracioncancion duracao duracaofaixa \
         durata duratabrano duratatraccia lengthtrack durationtrack",
    ),
    (
        Field::Duration(TimeUnit::Milliseconds),
        "durationms lengthms durationmilliseconds trackdurationms durationmillis lengthinms durationinms \
         lengthinmilliseconds durationinmilliseconds dauerms dauerinms dureems duracionms duracaoms duratams",
    ),
    (
        Field::Duration(TimeUnit::Seconds),
        "durations durationsec durationseconds lengths lengthseconds durationinseconds lengthsec \
         trackdurationseconds lengthinseconds lengthins durationinsec durationins dauersekunden \
         dauerinsekunden dauers dureesecondes dureesec duracionsegundos duracaosegundos duratasecondi \
         dureeensecondes duracionensegundos",
    ),
    (
        Field::Hash(Some("MD5")),
        "md5 md5hash md5sum filemd5 audiomd5 hashmd5 md5checksum prüfsummemd5 md5prüfsumme sommemd5",
    ),
    (Field::Hash(Some("SHA-1")), "sha1 sha1hash sha1sum filesha1 hashsha1 sha1checksum"),
    (
        Field::Hash(Some("SHA-256")),
        "sha256 sha256hash sha256sum filesha256 hashsha256 sha256checksum",
    ),
    (
        Field::Hash(None),
        "hash hashsum hashvalue checksum filehash filechecksum audiohash prüfsumme sommecontrole \
         sumacomprobacion",
    ),
    (
        Field::HashAlgorithm,
        "hashalgorithm hashtype checksumtype checksumalgorithm hashsumalgorithm",
    ),
    (
        Field::ReceivedAt,
        "receivedat received receiveddate uploadedat uploaded uploaddate uploadtime uploadtimestamp created \
         createdat createddate datecreated dateadded submittedat submissiondate timestamp ingestedat \
         deliveredat deliverydate dateuploaded uploaddatetime hochgeladen hochgeladenam uploaddatum \
         uploadzeit uploadzeitpunkt eingang eingangsdatum eingegangen eingegangenam eingereicht eingereichtam \
         erhalten erhaltenam erstellt erstelltam erstellungsdatum lieferdatum zeitstempel zeitpunkt \
         dateupload datetelechargement datereception datesoumission datecreation datelivraison dateenvoi \
         dateajout dateimport horodatage misenligne fechasubida fechacarga fecharecepcion fechaenvio \
         fechacreacion fechaentrega fechahora subido recibido enviado marcatiempo dataenvio dataupload \
         datacarregamento datarecebimento datarecepcao datacriacao dataentrega datahora recebido carregado \
         datacaricamento datacreazione datainvio dataricezione dataconsegna ricevuto caricato dateofupload \
         dateofsubmission datesubmitted datereceived datedelivered timeupload timeuploaded uploadedon \
         uploadedtime timereceived receivedon receivedtime createdtime createdon submitted submittedon \
         submissiontime deliverytime uploadedatutc uploadtimeutc uploaddateutc receivedatutc createdatutc \
         timestamputc datetime heureenvoi heureupload heurereception horaenvio horasubida horarecepcion \
         horarecebimento oracaricamento uhrzeit dateetheure dateheure fechayhora dataehora dataeora \
         datumunduhrzeit datumuhrzeit uploaddateandtime dateandtime datumuploads eingangszeit datedepot \
         ajoute envoye recu cree televerse creado criado inviato creato uploadzeitstempel hochladedatum",
    ),
    (
        Field::Rights,
        "rights rightsdeclaration rightsdeclared ownsrights rightsconfirmed rightsowned rightsownership \
         ownership declaresrights ownrights iownrights rightsholderconfirmation rightsstatement ownermaster \
         ownsmaster ownsmasterrights rechte rechteerklärung rechtebestätigung rechtebestätigt rechtegeklärt \
         droits droitsdetenus droitsconfirmes declarationdroits derechos declaracionderechos \
         derechosconfirmados direitos declaracaodireitos direitosconfirmados diritti dichiarazionediritti \
         rightscleared rightsheld",
    ),
    (
        Field::Ai(false),
        "ai aidisclosure containsai containsaicontent aiused usesai usedai aiuse aiusage ailevel \
         aideclaration aicontent aidisclosurelevel aicontribution aiassisted madewithai aiinvolvement trackai \
         trackcontainsai aistatus aitransparency aicredits ki kianteil kinutzung kieinsatz kiverwendung \
         enthältki mitki kideklaration ia usoia utilisationia contientia contieneia contemia usaia \
         declarationia declaracionia declaracaoia dichiarazioneia aideclared useai",
    ),
    (
        Field::Ai(true),
        "aigenerated isaigenerated istrackaigenerated trackaigenerated istrackai fullyai fullyaigenerated \
         isai generatedbyai aicreated is100ai kigeneriert kierzeugt genereia generatoia generadoia geradoia",
    ),
    (
        Field::AiFacet(AiFacet::Vocals),
        "aivocals aivocal vocalsai aigeneratedvocals aivoice aisinging containsaivocals",
    ),
    (
        Field::AiFacet(AiFacet::Instruments),
        "aiinstruments aiinstrumental aiinstrumentation instrumentsai aigeneratedinstruments aimusic aiaudio \
         aiinstrument containsaiinstruments",
    ),
    (
        Field::AiFacet(AiFacet::Composition),
        "aicomposition compositionai aigeneratedcomposition aisongwriting aimelody containsaicomposition",
    ),
    (
        Field::AiFacet(AiFacet::Lyrics),
        "ailyrics lyricsai aigeneratedlyrics aiwords containsailyrics",
    ),
    (
        Field::AiFacet(AiFacet::PostProduction),
        "aipostproduction aimastering aimixing aiproduction aimastered aimixed aimixmaster",
    ),
    (
        Field::AiFacet(AiFacet::Artwork),
        "aiartwork aicover aicoverart artworkai aigeneratedartwork aiimage coverai",
    ),
    (Field::AiFacet(AiFacet::Video), "aivideo videoai aigeneratedvideo aimusicvideo"),
    (Field::AiParts, "aiparts aifacets aidisclosurefacets aielements aicomponents aicategories"),
    (
        Field::AiTool,
        "aitool aitools aidisclosuretool aigenerator generator aimodel aisoftware aiservice aitoolsused \
         generatedwith aitoolused aisource aiplatform kiwerkzeug kitool outilia herramientaia ferramentaia \
         strumentoia",
    ),
    (
        Field::Voice,
        "voiceclone aivoiceclone clonedvoice voicecloned voicecloning aivoicecloning clonedvocals vocalclone voiceimitation \
         voiceconsent aivoiceconsent voiceimpersonation containsclonedvoice stimmklon stimmenklon clonvocal clonagevocal \
         vozclonada clonadovoz clonevoz voceclonata",
    ),
    (
        Field::VoiceOf,
        "voiceof clonedvoiceof voicemodel aivoicemodel voicemodelof aivoiceof voiceartist originalvoice stimmevon voixde \
         vozde vocedi",
    ),
    (
        Field::Parental,
        "parental explicit parentalwarning parentaladvisory parentalwarningtype advisory explicitlyrics \
         isexplicit explicitcontent trackexplicit explicitflag explizit explicite explicito esplicito \
         jugendschutz jugendgefährdend avertissementparental",
    ),
    (
        Field::Backfill,
        "backfill isbackfill backcatalog backcatalogue isbackcatalog backkatalog fondcatalogue fondocatalogo",
    ),
    (
        Field::Transfer,
        "catalogtransfer cataloguetransfer transfer iscatalogtransfer istransfer previouslydistributed \
         migrated katalogübertragung katalogtransfer transfertcatalogue transferenciacatalogo \
         trasferimentocatalogo",
    ),
    (
        Field::Update,
        "update isupdate updateindicator redelivery isredelivery metadataupdate aktualisierung miseajour \
         actualizacion atualizacao aggiornamento",
    ),
];
