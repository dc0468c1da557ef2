/* core/version.h - the version, named once */
#ifndef LEM_CORE_VERSION_H
#define LEM_CORE_VERSION_H
#define LEMMA_VERSION "0.1.0"
#endif
